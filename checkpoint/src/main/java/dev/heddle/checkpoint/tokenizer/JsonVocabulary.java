package dev.heddle.checkpoint.tokenizer;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The pieces and ids written in a `tokenizer.json`, read without building the tokenizer.
///
/// @param pieces the piece of each id; an id in a gap has an empty piece
/// @param ids the id of each piece
record JsonVocabulary(List<String> pieces, Map<String, Integer> ids) {
    /// Larger ids than any vocabulary has would only make the list of pieces huge.
    private static final int MAX_ID = 1 << 24;

    /// One entry of `added_tokens`: matched in the text before anything else.
    record Added(int id, String content, boolean special) {
    }

    /// The added tokens of the `tokenizer.json` in `json`. Writers put them before the vocabulary, so little is read.
    static List<Added> added(String json, String origin) {
        try (JsonParser parser = Json.mapper().createParser(json)) {
            return new Reader(parser, origin).added(true).added;
        } catch (IOException e) {
            throw malformed(origin, e);
        }
    }

    static JsonVocabulary read(String json, String origin) {
        try (JsonParser parser = Json.mapper().createParser(json)) {
            Reader reader = new Reader(parser, origin).added(false);
            SequencedMap<Integer, String> byId = new LinkedHashMap<>(reader.vocabulary);
            reader.added.forEach(token -> byId.put(token.id, token.content));
            int size = byId.keySet().stream().mapToInt(id -> id + 1).max().orElse(0);
            List<String> pieces = new ArrayList<>(Collections.nCopies(size, ""));
            Map<String, Integer> ids = new HashMap<>(size * 2);
            byId.forEach((id, piece) -> {
                pieces.set(id, piece);
                ids.put(piece, id);
            });
            return new JsonVocabulary(pieces, ids);
        } catch (IOException e) {
            throw malformed(origin, e);
        }
    }

    private static CheckpointException malformed(String origin, IOException e) {
        return new CheckpointException(origin + ": not valid JSON: "
                + (e instanceof JacksonException json ? json.getOriginalMessage() : e.getMessage()), e);
    }

    private static final class Reader {
        final JsonParser parser;
        final String origin;
        final List<Added> added = new ArrayList<>();
        final SequencedMap<Integer, String> vocabulary = new LinkedHashMap<>();

        Reader(JsonParser parser, String origin) {
            this.parser = parser;
            this.origin = origin;
        }

        Reader added(boolean only) throws IOException {
            expect(parser.nextToken(), JsonToken.START_OBJECT, "the document");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                JsonToken value = parser.nextToken();
                if (field.equals("added_tokens") && value == JsonToken.START_ARRAY) {
                    while (parser.nextToken() == JsonToken.START_OBJECT) {
                        addedToken();
                    }
                    if (only) {
                        return this;
                    }
                } else if (field.equals("model") && value == JsonToken.START_OBJECT && !only) {
                    model();
                } else {
                    parser.skipChildren();
                }
            }
            return this;
        }

        private void addedToken() throws IOException {
            int id = -1;
            String content = "";
            boolean special = false;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                switch (field) {
                    case "id" -> id = id();
                    case "content" -> content = parser.getValueAsString("");
                    case "special" -> special = parser.getValueAsBoolean();
                    default -> parser.skipChildren();
                }
            }
            if (id < 0) {
                throw new CheckpointException(origin + ": the added token \"" + content + "\" has no id");
            }
            added.add(new Added(id, content, special));
        }

        private void model() throws IOException {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                JsonToken value = parser.nextToken();
                if (field.equals("vocab") && value == JsonToken.START_OBJECT) {
                    while (parser.nextToken() == JsonToken.FIELD_NAME) {
                        String piece = parser.currentName();
                        parser.nextToken();
                        vocabulary.put(id(), piece);
                    }
                } else if (field.equals("vocab") && value == JsonToken.START_ARRAY) {
                    // unigram: [piece, score] in the order of the ids
                    for (int id = 0; parser.nextToken() == JsonToken.START_ARRAY; id++) {
                        expect(parser.nextToken(), JsonToken.VALUE_STRING, "vocab entry " + id);
                        vocabulary.put(id, parser.getText());
                        while (parser.nextToken() != JsonToken.END_ARRAY) {
                            parser.skipChildren();
                        }
                    }
                } else {
                    parser.skipChildren();
                }
            }
        }

        private int id() throws IOException {
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || parser.getLongValue() < 0
                    || parser.getLongValue() >= MAX_ID) {
                throw new CheckpointException(origin + ": found the token id " + parser.getText()
                        + ", expected a number from 0 to " + (MAX_ID - 1));
            }
            return parser.getIntValue();
        }

        private void expect(JsonToken found, JsonToken expected, String what) {
            if (found != expected) {
                throw new CheckpointException(origin + ": " + what + " is " + found + ", expected " + expected);
            }
        }
    }
}
