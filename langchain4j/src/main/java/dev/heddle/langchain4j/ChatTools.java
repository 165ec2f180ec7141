package dev.heddle.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.engine.grammar.OutputGrammar.Part;
import dev.heddle.engine.tool.ForcedCall;
import dev.heddle.engine.tool.Tool;
import dev.heddle.engine.tool.ToolCall;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.JsonSchemaElementJsonUtils;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Tools and response formats of LangChain4j as the engine knows them.
final class ChatTools {
    private ChatTools() {
    }

    /// The tools a request lets the model call.
    static List<Tool> of(ChatSettings settings, ChatRequestParameters parameters) {
        if (parameters.toolChoice() == ToolChoice.NONE) {
            return List.of();
        }
        check(settings, parameters.toolSpecifications());
        if (parameters.toolChoice() == ToolChoice.REQUIRED && parameters.toolSpecifications().isEmpty()) {
            throw new InvalidRequestException("toolChoice REQUIRED needs tools to choose from");
        }
        return parameters.toolSpecifications().stream().map(ChatTools::tool).toList();
    }

    /// @throws UnsupportedFeatureException if there are tools, and the model cannot be told of them
    static void check(ChatSettings settings, List<ToolSpecification> tools) {
        if (!tools.isEmpty() && settings.model().template().filter(template -> template.uses("tools")).isEmpty()) {
            throw new UnsupportedFeatureException("tools are not supported: " + settings.modelName()
                    + " has no chat template with a place for them");
        }
    }

    private static Tool tool(ToolSpecification specification) {
        JsonNode parameters = specification.parameters() == null ? Json.object().put("type", "object").put("additionalProperties", false)
                .set("properties", Json.object()) : schema(specification.parameters());
        ObjectNode description = Json.object().put("type", "function");
        ObjectNode function = description.putObject("function").put("name", specification.name());
        Optional.ofNullable(specification.description()).ifPresent(text -> function.put("description", text));
        function.set("parameters", parameters);
        return new Tool(specification.name(), description, parameters);
    }

    private static JsonNode schema(JsonSchemaElement element) {
        return Json.mapper().valueToTree(JsonSchemaElementJsonUtils.toMap(element));
    }

    /// What an answer must look like: a call if one is required; JSON if that is asked for, or a call instead where there are
    /// tools; else anything.
    static Optional<Part> form(ChatSettings settings, ChatRequestParameters parameters, List<Tool> tools) {
        Optional<Part> json = json(Optional.ofNullable(parameters.responseFormat()));
        if (tools.isEmpty() || parameters.toolChoice() != ToolChoice.REQUIRED && json.isEmpty()) {
            return json;
        }
        Part call = ForcedCall.of(tools, settings.model().toolFormat(), settings.model().tokenizer());
        return Optional.of(parameters.toolChoice() == ToolChoice.REQUIRED ? call : new Part.Choice(List.of(call, json.get())));
    }

    private static Optional<Part> json(Optional<ResponseFormat> format) {
        return format.filter(one -> one.type() == ResponseFormatType.JSON).map(one -> new Part.Json(one.jsonSchema() == null
                ? Json.object().put("type", "object") : schema(one.jsonSchema().rootElement())));
    }

    static List<ToolExecutionRequest> requests(List<ToolCall> calls) {
        List<ToolExecutionRequest> requests = new ArrayList<>();
        for (ToolCall call : calls) {
            requests.add(ToolExecutionRequest.builder().id("call_" + UUID.randomUUID()).name(call.name())
                    .arguments(call.arguments().toString()).build());
        }
        return requests;
    }
}
