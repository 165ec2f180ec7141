/// What the page asks beyond the OpenAI API: what a model is, how it is doing, what happens inside it.
package dev.heddle.server.page;
