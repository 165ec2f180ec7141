package dev.heddle.engine.tool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the calls in a text that begins with a format's mark. A text that is damaged anywhere has none.
final class ToolCallParser {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Pattern FUNCTION = Pattern.compile("<function=([^>\\s]+)>(.*?)</function>", Pattern.DOTALL);
    private static final Pattern PARAMETER = Pattern.compile("<parameter=([^>\\s]+)>\\n?(.*?)\\n?</parameter>", Pattern.DOTALL);
    private static final Pattern NAMED_ARGUMENTS = Pattern.compile("\\s*([A-Za-z0-9_.-]+)(?:\\[CALL_ID\\][^\\[]*)?\\[ARGS\\](.*)", Pattern.DOTALL);

    private ToolCallParser() {
    }

    static List<ToolCall> parse(String text, ToolFormat format) {
        List<ToolCall> calls = new ArrayList<>();
        for (String stretch : stretches(text, format)) {
            List<ToolCall> found = switch (format) {
                case TAGGED -> stretch.contains("<function=") ? functions(stretch) : json(stretch, format);
                case PYTHONIC -> stretch.strip().startsWith("[{") || stretch.strip().startsWith("{") ? json(stretch, format)
                        : PythonCalls.parse(stretch);
                case MISTRAL -> stretch.contains("[ARGS]") ? namedArguments(stretch, format) : json(stretch, format);
                case GRANITE, NEMOTRON, BARE -> json(stretch, format);
            };
            if (found.isEmpty()) {
                return List.of();
            }
            calls.addAll(found);
        }
        return calls;
    }

    /// What stands between the marks.
    private static List<String> stretches(String text, ToolFormat format) {
        if (format.open().isEmpty()) {
            return List.of(text);
        }
        List<String> stretches = new ArrayList<>();
        for (String part : text.split(Pattern.quote(format.open()))) {
            String inner = format.close().isEmpty() || !part.contains(format.close()) ? part : part.substring(0, part.indexOf(format.close()));
            if (!inner.isBlank()) {
                stretches.add(inner);
            }
        }
        return stretches;
    }

    /// One object, a list of objects, or several objects one after the other (Llama separates them by semicolons).
    private static List<ToolCall> json(String text, ToolFormat format) {
        List<ToolCall> calls = new ArrayList<>();
        try (MappingIterator<JsonNode> values = MAPPER.readerFor(JsonNode.class).readValues(text.replace("};", "}\n"))) {
            while (values.hasNextValue()) {
                JsonNode value = values.nextValue();
                for (JsonNode call : value.isArray() ? value : List.of(value)) {
                    JsonNode arguments = object(call.has(format.argumentsKey()) ? call.get(format.argumentsKey())
                            : call.path(format.argumentsKey().equals("arguments") ? "parameters" : "arguments"));
                    if (!call.path("name").isTextual() || !arguments.isObject()) {
                        return List.of();
                    }
                    calls.add(new ToolCall(call.get("name").textValue(), arguments));
                }
            }
        } catch (IOException e) {
            return List.of();
        }
        return calls;
    }

    /// Some models write the arguments as a string of JSON, or leave them out.
    private static JsonNode object(JsonNode arguments) {
        if (arguments.isMissingNode() || arguments.isNull()) {
            return MAPPER.createObjectNode();
        }
        try {
            return arguments.isTextual() ? MAPPER.readTree(arguments.textValue()) : arguments;
        } catch (JsonProcessingException e) {
            return arguments;
        }
    }

    private static List<ToolCall> functions(String text) {
        List<ToolCall> calls = new ArrayList<>();
        Matcher function = FUNCTION.matcher(text);
        while (function.find()) {
            ObjectNode arguments = MAPPER.createObjectNode();
            Matcher parameter = PARAMETER.matcher(function.group(2));
            while (parameter.find()) {
                arguments.set(parameter.group(1), value(parameter.group(2)));
            }
            calls.add(new ToolCall(function.group(1), arguments));
        }
        return calls;
    }

    /// A parameter's value is JSON if it can be read so and is no string, else text.
    private static JsonNode value(String text) {
        try {
            JsonNode node = MAPPER.reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).readTree(text);
            return node.isMissingNode() ? MAPPER.getNodeFactory().textNode(text) : node;
        } catch (IOException e) {
            return MAPPER.getNodeFactory().textNode(text);
        }
    }

    private static List<ToolCall> namedArguments(String text, ToolFormat format) {
        Matcher matcher = NAMED_ARGUMENTS.matcher(text);
        if (!matcher.matches()) {
            return List.of();
        }
        String name = MAPPER.getNodeFactory().textNode(matcher.group(1)).toString();
        return json("{\"name\":" + name + ",\"arguments\":" + matcher.group(2).strip() + "}", format);
    }
}
