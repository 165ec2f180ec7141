/// The endpoints of the OpenAI API.
package dev.heddle.server.api;
