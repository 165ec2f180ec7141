/// Calls of tools in a model's answers: reading them, and making a model write one.
package dev.heddle.engine.tool;
