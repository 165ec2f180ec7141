package dev.heddle.checkpoint.template;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One turn of a conversation.
///
/// @param role `system`, `user`, `assistant`, `tool` or what else the template knows
/// @param toolCalls what the assistant asked to be run
/// @param toolCallId which of them a `tool` message answers
/// @param name who speaks, or which tool answers
/// @param reasoning what the assistant thought before it answered
public record Message(String role, Content content, List<ToolCall> toolCalls, Optional<String> toolCallId,
        Optional<String> name, Optional<String> reasoning) {
    /// What a message says.
    public sealed interface Content {
        /// Plain text.
        record Text(String text) implements Content { }

        /// A list of parts in the form of the OpenAI API: `{"type": "text", "text": …}`, images and so on.
        record Parts(List<JsonNode> parts) implements Content {
            public Parts {
                parts = List.copyOf(parts);
            }
        }
    }

    /// A function that the assistant wants called.
    ///
    /// @param id as its answer refers to it; may be empty
    /// @param arguments an object, or a string if the model wrote something else
    public record ToolCall(String id, String name, JsonNode arguments) {
        /// @param arguments JSON as the OpenAI API carries it; kept as a string if it is no JSON object
        public static ToolCall of(String id, String name, String arguments) {
            try {
                JsonNode parsed = Json.parse(arguments, "tool call");
                if (parsed.isObject()) {
                    return new ToolCall(id, name, parsed);
                }
            } catch (CheckpointException e) {
                // a model may write anything here; the template gets it as it is
            }
            return new ToolCall(id, name, Json.mapper().getNodeFactory().textNode(arguments));
        }
    }

    public Message {
        toolCalls = List.copyOf(toolCalls);
    }

    /// A message that is text and nothing else.
    public static Message of(String role, String text) {
        return new Message(role, new Content.Text(text), List.of(), Optional.empty(), Optional.empty(),
                Optional.empty());
    }

    public static Message system(String text) {
        return of("system", text);
    }

    public static Message user(String text) {
        return of("user", text);
    }

    public static Message assistant(String text) {
        return of("assistant", text);
    }

    /// The result of a tool call.
    public static Message tool(String toolCallId, String text) {
        return new Message("tool", new Content.Text(text), List.of(), Optional.of(toolCallId), Optional.empty(),
                Optional.empty());
    }

    /// The message in the form of the OpenAI API: `role`, `content` (text, parts or `null`, which means empty text),
    /// `tool_calls`, `tool_call_id`, `name`, `reasoning_content` or `reasoning`.
    /// @param origin names the message in errors
    /// @throws dev.heddle.checkpoint.CheckpointException if it is not of that form
    public static Message parse(JsonNode json, String origin) {
        JsonNode role = json.path("role");
        if (!role.isTextual()) {
            throw invalid(origin, "role", role, "a string");
        }
        JsonNode content = json.path("content");
        Content said;
        if (content.isArray()) {
            List<JsonNode> parts = new ArrayList<>();
            content.forEach(parts::add);
            said = new Content.Parts(parts);
        } else if (content.isTextual() || content.isNull() || content.isMissingNode()) {
            said = new Content.Text(content.asText(""));
        } else {
            throw invalid(origin, "content", content, "a string, a list of parts or null");
        }
        List<ToolCall> calls = new ArrayList<>();
        for (JsonNode call : json.path("tool_calls")) {
            JsonNode function = call.path("function");
            JsonNode arguments = function.path("arguments");
            if (!function.path("name").isTextual()) {
                throw invalid(origin, "tool_calls[" + calls.size() + "].function.name", function.path("name"),
                        "a string");
            }
            String id = call.path("id").asText("");
            String name = function.path("name").textValue();
            calls.add(arguments.isTextual() ? ToolCall.of(id, name, arguments.textValue())
                    : new ToolCall(id, name, arguments.isObject() ? arguments : Json.object()));
        }
        return new Message(role.textValue(), said, calls, text(json, "tool_call_id"), text(json, "name"),
                text(json, "reasoning_content").or(() -> text(json, "reasoning")));
    }

    private static Optional<String> text(JsonNode json, String field) {
        return Optional.ofNullable(json.path(field).textValue());
    }

    private static CheckpointException invalid(String origin, String field, JsonNode found,
            String expected) {
        return new CheckpointException(origin + ": " + field + " is " + Json.kind(found)
                + ", expected " + expected);
    }
}
