package dev.heddle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.engine.grammar.OutputGrammar;
import dev.heddle.engine.grammar.OutputGrammar.Part;
import dev.heddle.engine.grammar.SchemaException;
import dev.heddle.engine.tool.ForcedCall;
import dev.heddle.engine.tool.Tool;
import dev.heddle.server.http.ApiException;
import dev.heddle.server.model.ServedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A request for a chat completion, checked and understood.
///
/// @param tools   those the model may call; none with the tool choice `none`
/// @param grammar   what answers must look like
/// @param reasoning whether what the model thinks is told from what it answers
record ChatRequest(ServedModel model, Settings settings, int[] prompt, List<Tool> tools, Optional<OutputGrammar> grammar,
        boolean reasoning) {
    private static final int MAX_TOOLS = 128;

    /// @param maxTokensUnasked the length of an answer if neither request nor model limit it
    static ChatRequest of(Fields fields, ServedModel model, int maxTokensUnasked) {
        fields.refuse("functions", "use tools");
        fields.refuse("function_call", "use tool_choice");
        fields.refuse("audio", "answers are text");
        if (fields.texts("modalities", 8).contains("audio")) {
            throw ApiException.invalid("modalities", "answers are text");
        }
        boolean wanted = fields.flag("logprobs");
        Optional<Long> alternatives = fields.whole("top_logprobs", 0, Settings.MAX_ALTERNATIVES);
        if (alternatives.isPresent() && !wanted) {
            throw ApiException.invalid("top_logprobs", "top_logprobs needs logprobs to be true");
        }
        Settings settings = Settings.of(fields, model, wanted ? alternatives.orElse(0L).intValue() : -1, maxTokensUnasked);
        List<Tool> tools = tools(fields, model);
        Optional<Part> part = choose(fields, model, tools);
        if (part.isEmpty() && choice(fields).equals("none")) {
            tools = List.of();
        }
        Optional<Part> format = format(fields);
        if (part.isPresent() && format.isPresent()) {
            throw ApiException.invalid("response_format", "response_format and a forced tool_choice exclude each other");
        }
        Optional<OutputGrammar> grammar = part.or(() -> format).map(one -> grammar(model, one, part.isPresent() ? "tools"
                : "response_format.json_schema.schema"));
        // what a grammar makes holds no thought
        return new ChatRequest(model, settings, Conversation.prompt(fields, model, tools), tools, grammar,
                reasoning(fields) && grammar.isEmpty());
    }

    private static boolean reasoning(Fields fields) {
        return switch (fields.text("reasoning_format").orElse("auto")) {
            case "auto", "deepseek" -> true;
            case "none" -> false;
            default -> throw ApiException.invalid("reasoning_format", "reasoning_format must be auto, deepseek or none");
        };
    }

    private static OutputGrammar grammar(ServedModel model, Part part, String field) {
        try {
            return model.grammar(part);
        } catch (SchemaException e) {
            throw ApiException.invalid(e.path().isEmpty() ? field : field + "." + e.path(), e.getMessage());
        }
    }

    private static List<Tool> tools(Fields fields, ServedModel model) {
        List<Tool> tools = new ArrayList<>();
        for (Fields tool : fields.objects("tools", MAX_TOOLS)) {
            if (!tool.requiredText("type").equals("function")) {
                throw ApiException.invalid(tool.name("type"), "tools must be of the type function");
            }
            Fields function = tool.object("function").orElseThrow(() -> ApiException.invalid(tool.name("function"),
                    tool.name("function") + " is missing"));
            String name = function.requiredText("name");
            if (!name.matches("[A-Za-z0-9_.-]{1,128}")) {
                throw ApiException.invalid(function.name("name"), "a function's name has 1 to 128 letters, digits, _, . or -");
            }
            JsonNode parameters = function.object("parameters").<JsonNode>map(Fields::node).orElseGet(() -> Json.object().put("type", "object"));
            tools.add(new Tool(name, tool.node(), parameters));
        }
        if (!tools.isEmpty() && model.template().filter(template -> template.uses("tools")).isEmpty()) {
            throw ApiException.invalid("tools", "the chat template of " + model.name() + " has no place for tools");
        }
        return tools;
    }

    /// `none`, `auto`, `required`, or the name of a function after a colon.
    private static String choice(Fields fields) {
        Optional<JsonNode> choice = fields.any("tool_choice");
        if (choice.isEmpty()) {
            return "auto";
        }
        if (choice.get() instanceof ObjectNode) {
            Fields object = fields.object("tool_choice").orElseThrow();
            return ":" + object.object("function").orElseThrow(() -> ApiException.invalid("tool_choice.function",
                    "tool_choice.function is missing")).requiredText("name");
        }
        String word = fields.text("tool_choice").orElseThrow();
        if (!List.of("none", "auto", "required").contains(word)) {
            throw ApiException.invalid("tool_choice", "tool_choice must be none, auto, required or a function");
        }
        return word;
    }

    /// What answers look like if a call is forced.
    private static Optional<Part> choose(Fields fields, ServedModel model, List<Tool> tools) {
        String choice = choice(fields);
        if (choice.equals("none") || choice.equals("auto")) {
            return Optional.empty();
        }
        List<Tool> allowed = choice.equals("required") ? tools : tools.stream().filter(tool -> choice.equals(":" + tool.name())).toList();
        if (allowed.isEmpty()) {
            throw ApiException.invalid("tool_choice", "tool_choice names no function in tools");
        }
        return Optional.of(ForcedCall.of(allowed, model.toolFormat(), model.tokenizer()));
    }

    private static Optional<Part> format(Fields fields) {
        Optional<Fields> format = fields.object("response_format");
        if (format.isEmpty()) {
            return Optional.empty();
        }
        return switch (format.get().requiredText("type")) {
            case "text" -> Optional.empty();
            case "json_object" -> Optional.of(new Part.Json(Json.object().put("type", "object")));
            case "json_schema" -> {
                Fields schema = format.get().object("json_schema").orElseThrow(() -> ApiException.invalid("response_format.json_schema",
                        "response_format.json_schema is missing"));
                yield Optional.of(new Part.Json(schema.object("schema").map(Fields::node).orElseThrow(() -> ApiException.invalid(
                        "response_format.json_schema.schema", "response_format.json_schema.schema is missing"))));
            }
            default -> throw ApiException.invalid("response_format.type", "response_format.type must be text, json_object or json_schema");
        };
    }
}
