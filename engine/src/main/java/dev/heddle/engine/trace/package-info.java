/// What happens inside a model while it reads a text: how recurrent layers forget and write, where attention looks.
package dev.heddle.engine.trace;
