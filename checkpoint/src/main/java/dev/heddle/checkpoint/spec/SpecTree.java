package dev.heddle.checkpoint.spec;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.spec.SpecNode.Listing;
import dev.heddle.checkpoint.spec.SpecNode.Mapping;
import dev.heddle.checkpoint.spec.SpecNode.Place;
import dev.heddle.checkpoint.spec.SpecNode.Scalar;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Reads YAML or JSON into a [SpecNode]. Anchors, aliases and tags are errors: `define` names what is used again.
final class SpecTree {
    private static final int DEEPEST = 100;
    private static final Pattern JSON = Pattern.compile("\\s*\\{\\s*(?:[\"}]|$)");

    private final JsonParser parser;
    private final String origin;

    private SpecTree(JsonParser parser, String origin) {
        this.parser = parser;
        this.origin = origin;
    }

    /// The document in `text`, which is JSON if it begins with a brace and a quote, and YAML otherwise.
    static SpecNode parse(String text, String origin) {
        boolean json = JSON.matcher(text).lookingAt();
        JsonFactory factory = json ? new JsonFactory() : new YAMLFactory();
        try (JsonParser parser = factory.createParser(text)) {
            SpecTree tree = new SpecTree(parser, origin);
            if (parser.nextToken() == null) {
                throw new CheckpointException(origin + ": empty, expected a specification");
            }
            SpecNode node = tree.node(0);
            if (parser.nextToken() != null) {
                throw tree.error("a second document begins here");
            }
            return node;
        } catch (JacksonException e) {
            JsonLocation at = e.getLocation();
            String message = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
            throw new CheckpointException(origin + (at == null ? "" : ":" + at.getLineNr() + ":" + at.getColumnNr())
                    + ": not valid " + (json ? "JSON" : "YAML") + ": " + message, e);
        } catch (IOException e) {
            throw new CheckpointException(origin + ": cannot be read (" + e + ")", e);
        }
    }

    private SpecNode node(int depth) throws IOException {
        if (depth > DEEPEST) {
            throw error("nested deeper than " + DEEPEST + " levels");
        }
        if (parser instanceof YAMLParser yaml && (yaml.isCurrentAlias() || yaml.getTypeId() != null || yaml.getObjectId() != null)) {
            throw error("anchors, aliases and tags are not part of a specification; name what is used again under 'define'");
        }
        Place place = place();
        return switch (parser.currentToken()) {
            case START_OBJECT -> mapping(depth, place);
            case START_ARRAY -> {
                List<SpecNode> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    items.add(node(depth + 1));
                }
                yield new Listing(items, place);
            }
            case VALUE_STRING -> new Scalar(Scalar.Kind.STRING, parser.getText(), place);
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Scalar(Scalar.Kind.NUMBER, parser.getText(), place);
            case VALUE_TRUE, VALUE_FALSE -> new Scalar(Scalar.Kind.BOOLEAN, parser.getText(), place);
            case VALUE_NULL -> new Scalar(Scalar.Kind.NULL, "null", place);
            case END_OBJECT, END_ARRAY, FIELD_NAME, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE ->
                    throw error("expected a value, found " + parser.currentToken());
        };
    }

    private Mapping mapping(int depth, Place place) throws IOException {
        Map<String, SpecNode> entries = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            if (entries.containsKey(key)) {
                throw error("the key " + key + " is there twice");
            }
            parser.nextToken();
            entries.put(key, node(depth + 1));
        }
        return new Mapping(entries, place);
    }

    private Place place() {
        JsonLocation at = parser.currentTokenLocation();
        return new Place(at.getLineNr(), at.getColumnNr());
    }

    private CheckpointException error(String problem) {
        Place place = place();
        return new CheckpointException(origin + ":" + place.line() + ":" + place.column() + ": " + problem);
    }
}
