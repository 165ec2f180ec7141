package dev.heddle.checkpoint.template;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Turns what programs pass in into what templates work on.
final class TemplateValues {
    private TemplateValues() {
    }

    /// @param value `null`, a string, number, boolean, [JsonNode], or a map or list of such
    static Object of(Object value) {
        return switch (value) {
            case null -> Values.None.NONE;
            case Values.None none -> none;
            case JsonNode node -> json(node);
            case String text -> text;
            case Boolean flag -> flag;
            case Long number -> number;
            case Integer number -> number.longValue();
            case Short number -> number.longValue();
            case Byte number -> number.longValue();
            case Double number -> number;
            case Float number -> number.doubleValue();
            case BigInteger number -> Arithmetic.narrow(number);
            case BigDecimal number -> number.doubleValue();
            case Optional<?> optional -> of(optional.orElse(null));
            case Map<?, ?> map -> {
                Map<Object, Object> copy = new LinkedHashMap<>();
                map.forEach((key, item) -> copy.put(of(key), of(item)));
                yield copy;
            }
            case Iterable<?> items -> {
                List<Object> copy = new ArrayList<>();
                items.forEach(item -> copy.add(of(item)));
                yield copy;
            }
            default -> throw new IllegalArgumentException("a " + value.getClass().getName()
                    + " cannot be passed to a chat template, expected null, strings, numbers, booleans, JSON, maps or"
                    + " lists");
        };
    }

    private static Object json(JsonNode node) {
        return switch (node.getNodeType()) {
            case NULL, MISSING -> Values.None.NONE;
            case STRING -> node.textValue();
            case BOOLEAN -> node.booleanValue();
            case NUMBER -> node.isIntegralNumber() ? Arithmetic.narrow(node.bigIntegerValue())
                    : (Object) node.doubleValue();
            case ARRAY -> {
                List<Object> items = new ArrayList<>(node.size());
                node.forEach(item -> items.add(json(item)));
                yield items;
            }
            case OBJECT -> {
                Map<Object, Object> fields = new LinkedHashMap<>();
                node.properties().forEach(field -> fields.put(field.getKey(), json(field.getValue())));
                yield fields;
            }
            case BINARY, POJO -> throw new IllegalArgumentException("JSON of type " + node.getNodeType()
                    + " cannot be passed to a chat template");
        };
    }

    /// A message as Hugging Face passes it: only what it holds is there, so `is defined` means "given".
    /// @param thinking whether the template knows reasoning as `thinking`
    static Object message(Message message, boolean thinking) {
        Map<Object, Object> fields = new LinkedHashMap<>();
        fields.put("role", message.role());
        fields.put("content", switch (message.content()) {
            case Message.Content.Text text -> text.text();
            case Message.Content.Parts parts -> of(parts.parts());
        });
        if (!message.toolCalls().isEmpty()) {
            List<Object> calls = new ArrayList<>();
            for (Message.ToolCall call : message.toolCalls()) {
                Map<Object, Object> function = new LinkedHashMap<>();
                function.put("name", call.name());
                function.put("arguments", json(call.arguments()));
                Map<Object, Object> entry = new LinkedHashMap<>();
                if (!call.id().isEmpty()) {
                    entry.put("id", call.id());
                }
                entry.put("type", "function");
                entry.put("function", function);
                calls.add(entry);
            }
            fields.put("tool_calls", calls);
        }
        message.toolCallId().ifPresent(id -> fields.put("tool_call_id", id));
        message.name().ifPresent(name -> fields.put("name", name));
        message.reasoning().ifPresent(text -> fields.put(thinking ? "thinking" : "reasoning_content", text));
        return fields;
    }
}
