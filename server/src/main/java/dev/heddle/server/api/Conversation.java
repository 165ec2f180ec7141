package dev.heddle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.template.TemplateException;
import dev.heddle.engine.ChatPrompt;
import dev.heddle.engine.tool.Tool;
import dev.heddle.server.http.ApiException;
import dev.heddle.server.model.ServedModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The prompt that the messages of a request become.
final class Conversation {
    private static final int MAX_MESSAGES = 4096;

    private Conversation() {
    }

    static int[] prompt(Fields fields, ServedModel model, List<Tool> tools) {
        List<Message> messages = messages(fields);
        Map<String, Object> variables = new LinkedHashMap<>();
        fields.object("chat_template_kwargs").ifPresent(object -> object.node().properties()
                .forEach(entry -> variables.put(entry.getKey(), entry.getValue())));
        int[] ids;
        try {
            ids = ChatPrompt.of(model.template(), model.tokenizer(), messages, tools.stream().map(Tool::description).toList(), variables);
        } catch (TemplateException e) {
            throw ApiException.invalid("messages", "the model's chat template refuses the conversation: " + e.getMessage());
        }
        if (ids.length == 0) {
            throw ApiException.invalid("messages", "the messages say nothing");
        }
        return ids;
    }

    private static List<Message> messages(Fields fields) {
        List<Fields> list = fields.objects("messages", MAX_MESSAGES);
        if (list.isEmpty()) {
            throw ApiException.invalid("messages", "messages is missing or empty");
        }
        List<Message> messages = new ArrayList<>();
        for (Fields message : list) {
            message.refuse("audio", "only text is understood");
            message.refuse("function_call", "use tool_calls");
            ObjectNode node = message.node().deepCopy();
            node.put("role", role(message.requiredText("role")));
            Optional<JsonNode> content = message.any("content");
            if (content.isPresent() && content.get().isArray()) {
                node.put("content", text(content.get(), message.name("content")));
            }
            for (Fields call : message.objects("tool_calls", 128)) {
                call.object("function").orElseThrow(() -> ApiException.invalid(call.name("function"), call.name("function") + " is missing"))
                        .requiredText("name");
            }
            try {
                messages.add(Message.parse(node, message.path()));
            } catch (CheckpointException e) {
                throw ApiException.invalid(message.name("content"), e.getMessage());
            }
        }
        return messages;
    }

    /// Chat templates know the developer's messages under the older name.
    private static String role(String role) {
        return role.equals("developer") ? "system" : role;
    }

    /// The text of a list of parts, of which there must be no other kind.
    private static String text(JsonNode parts, String name) {
        List<String> texts = new ArrayList<>();
        for (JsonNode part : parts) {
            boolean known = part.path("type").asText("text").equals("text") && part.path("text").isTextual();
            if (!known) {
                throw ApiException.invalid(name + "[" + texts.size() + "]", "only parts of the type text are understood, not "
                        + Json.kind(part.path("type")));
            }
            texts.add(part.path("text").textValue());
        }
        return String.join("\n", texts);
    }
}
