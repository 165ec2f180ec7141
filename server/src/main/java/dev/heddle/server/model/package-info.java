/// A model that is being served, and what is kept for it.
package dev.heddle.server.model;
