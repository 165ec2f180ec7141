package dev.heddle.checkpoint.json;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// The one place that sets up JSON reading and writing.
///
/// Published files are written by Python, whose `json` module writes the bare words `Infinity`, `-Infinity` and
/// `NaN`; they are read as numbers. Nesting is limited to 1000 levels and text after the document is an error.
public final class Json {
    private static final ObjectMapper MAPPER = builder().build();
    private static final ObjectMapper STRICT = builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private Json() {
    }

    /// The mapper for configurations and other documents: of a repeated key the last one counts, as in Python.
    /// It indents what it writes.
    public static ObjectMapper mapper() {
        return MAPPER;
    }

    /// An empty JSON object.
    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /// The document in `file`.
    /// @throws CheckpointException if the file is missing, unreadable or not JSON
    public static JsonNode read(Path file) {
        try {
            return parse(Files.readAllBytes(file), file.toString());
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file + ": no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read (" + e + ")", e);
        }
    }

    /// The object in `file`.
    /// @throws CheckpointException if the file is missing, unreadable, not JSON or not an object
    public static ObjectNode readObject(Path file) {
        return asObject(read(file), file.toString());
    }

    /// The document in `text`; `origin` names it in errors.
    public static JsonNode parse(String text, String origin) {
        try {
            return checked(MAPPER.readTree(text), origin);
        } catch (JacksonException e) {
            throw malformed(origin, e);
        }
    }

    /// The document in `utf8`; `origin` names it in errors.
    public static JsonNode parse(byte[] utf8, String origin) {
        try {
            return checked(MAPPER.readTree(utf8), origin);
        } catch (IOException e) {
            throw malformed(origin, e);
        }
    }

    /// The object in `utf8`, in which no key may occur twice; `origin` names it in errors.
    public static ObjectNode parseStrictObject(byte[] utf8, String origin) {
        try {
            return asObject(checked(STRICT.readTree(utf8), origin), origin);
        } catch (IOException e) {
            throw malformed(origin, e);
        }
    }

    /// `node` as an object.
    public static ObjectNode asObject(JsonNode node, String origin) {
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new CheckpointException(origin + ": expected a JSON object, found " + kind(node));
    }

    /// What `node` is, in words for an error message, with its value where that is short.
    public static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> "an object of " + node.size() + " fields";
            case ARRAY -> "a list of " + node.size();
            case STRING -> "the string \"" + shorten(node.textValue()) + "\"";
            case NUMBER -> "the number " + shorten(node.toString());
            case BOOLEAN -> node.toString();
            case NULL -> "null";
            case MISSING -> "nothing";
            case BINARY, POJO -> node.getNodeType().toString();
        };
    }

    /// `node` as indented text that ends with a line break.
    public static String pretty(JsonNode node) {
        return node.toPrettyString() + "\n";
    }

    private static JsonNode checked(JsonNode node, String origin) {
        if (node == null || node.isMissingNode()) {
            throw new CheckpointException(origin + ": empty, expected a JSON document");
        }
        return node;
    }

    private static CheckpointException malformed(String origin, IOException e) {
        String why = e instanceof JacksonException json ? json.getOriginalMessage() : e.toString();
        String where = e instanceof JacksonException json && json.getLocation() != null
                ? " at line " + json.getLocation().getLineNr() + ", column " + json.getLocation().getColumnNr() : "";
        return new CheckpointException(origin + ": not valid JSON" + where + ": " + shorten(why), e);
    }

    private static String shorten(String text) {
        return text.length() <= 300 ? text : text.substring(0, 300) + "…";
    }

    private static JsonMapper.Builder builder() {
        return JsonMapper.builder()
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(SerializationFeature.INDENT_OUTPUT);
    }
}
