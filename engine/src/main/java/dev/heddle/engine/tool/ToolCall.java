package dev.heddle.engine.tool;

import com.fasterxml.jackson.databind.JsonNode;

/// A call that a model asks for.
///
/// @param arguments a JSON object
public record ToolCall(String name, JsonNode arguments) {
}
