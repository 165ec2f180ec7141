package dev.heddle.engine.tool;

import com.fasterxml.jackson.databind.JsonNode;

/// A function that a model may ask to be called.
///
/// @param description as the request describes it, for the chat template
/// @param parameters  the schema of its arguments
public record Tool(String name, JsonNode description, JsonNode parameters) {
}
