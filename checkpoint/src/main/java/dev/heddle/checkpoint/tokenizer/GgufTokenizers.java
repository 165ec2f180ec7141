package dev.heddle.checkpoint.tokenizer;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.gguf.GgufMetadata;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.tokenizer.SentencePieceModel.Piece;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.IntStream;

/// Tokenizers from the metadata of GGUF files, names `tokenizer.ggml.…`.
///
/// `model` says which kind: `gpt2`, byte-level BPE with merges, run by Hugging Face's library over a `tokenizer.json` put
/// together here; `llama`, SentencePiece BPE with scores and byte fallback; `rwkv`, whose pieces are Python literals without
/// their quotes.
public final class GgufTokenizers {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final String TOKENS = PREFIX + "tokens";
    /// Types of tokens, as files number them.
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    /// Tokens that end a turn or a text in published models: the metadata names one end token, chats often use another.
    private static final Set<String> ENDS = Set.of("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>",
            "<|endoftext|>", "<|end_of_text|>", "<|return|>", "<|call|>", "<EOT>", "<|eot|>");

    private final GgufMetadata metadata;
    private final List<String> tokens;
    private final int[] types;

    private GgufTokenizers(GgufMetadata metadata) {
        this.metadata = metadata;
        tokens = List.copyOf(metadata.strings(TOKENS).orElseThrow(() -> error("has no " + TOKENS)));
        if (tokens.isEmpty()) {
            throw error(TOKENS + " is empty");
        }
        long[] stored = metadata.wholes(PREFIX + "token_type").orElse(new long[0]);
        if (stored.length != 0 && stored.length != tokens.size()) {
            throw error(PREFIX + "token_type has " + stored.length + " entries, expected one for each of " + tokens.size() + " tokens");
        }
        types = new int[tokens.size()];
        for (int i = 0; i < types.length; i++) {
            long type = stored.length == 0 ? NORMAL : stored[i];
            if (type < 0 || type > BYTE) {
                throw error(PREFIX + "token_type[" + i + "] is " + type + ", expected 0 to " + BYTE);
            }
            types[i] = (int) type;
        }
    }

    /// Whether the metadata have a tokenizer.
    public static boolean isIn(GgufMetadata metadata) {
        return metadata.has(TOKENS);
    }

    /// The tokenizer of the metadata.
    /// @throws CheckpointException if there is none, or one of an unknown kind, or it contradicts itself
    public static Tokenizer of(GgufMetadata metadata) {
        String model = metadata.text(PREFIX + "model").orElse("none");
        return switch (model) {
            case "gpt2" -> new GgufTokenizers(metadata).bytePairs();
            case "llama" -> new GgufTokenizers(metadata).sentencePiece();
            case "rwkv" -> new GgufTokenizers(metadata).rwkv();
            case "none", "no_vocab" -> throw new CheckpointException(metadata.origin() + ": holds no tokenizer");
            default -> throw new CheckpointException(metadata.origin() + ": " + PREFIX + "model is \"" + model
                    + "\", expected gpt2, llama or rwkv");
        };
    }

    /// What chat templates call the special tokens of the metadata, as in [SpecialTokens#names()].
    public static Map<String, String> names(GgufMetadata metadata) {
        return metadata.strings(TOKENS).map(tokens -> {
            Map<String, String> names = new LinkedHashMap<>();
            Map.of("bos_token", "bos", "eos_token", "eos", "unk_token", "unknown", "sep_token", "seperator", "pad_token",
                    "padding", "cls_token", "cls", "mask_token", "mask").forEach((name, field) -> metadata
                            .index(PREFIX + field + "_token_id").ifPresent(id -> {
                                if (id < tokens.size()) {
                                    names.put(name, tokens.get(id));
                                }
                            }));
            return names;
        }).orElse(Map.of());
    }

    private SpecialTokens special() {
        SequencedSet<Integer> ends = new LinkedHashSet<>();
        for (String field : List.of("eos", "eot", "eom")) {
            token(field).ifPresent(ends::add);
        }
        for (int i = 0; i < types.length; i++) {
            if (isSpecial(i) && ENDS.contains(tokens.get(i))) {
                ends.add(i);
            }
        }
        return new SpecialTokens(token("bos"), ends, token("padding"), names(metadata));
    }

    private OptionalInt token(String field) {
        String name = PREFIX + field + "_token_id";
        OptionalInt id = metadata.index(name);
        if (id.isPresent() && id.getAsInt() >= tokens.size()) {
            throw error(name + " is " + id.getAsInt() + ", there are " + tokens.size() + " tokens");
        }
        return id;
    }

    private boolean isSpecial(int id) {
        return types[id] == CONTROL || types[id] == UNKNOWN;
    }

    private boolean adds(String field, boolean fallback) {
        return metadata.flag(PREFIX + "add_" + field).orElse(fallback);
    }

    private Tokenizer bytePairs() {
        String kind = metadata.text(PREFIX + "pre").orElse("");
        PreTokenizer pre = PreTokenizer.named(kind).orElseThrow(() -> error(PREFIX + "pre is \"" + kind
                + "\", known are " + String.join(", ", PreTokenizer.allNames())));
        Map<String, Integer> ids = HashMap.newHashMap(tokens.size());
        List<String> pieces = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            String token = tokens.get(i);
            boolean used = types[i] != UNUSED && !token.isEmpty();
            pieces.add(used ? token : "");
            if (used && ids.put(token, i) != null) {
                throw error("the token \"" + token + "\" occurs twice");
            }
        }
        HuggingFaceTokenizer.Around around = new HuggingFaceTokenizer.Around(special(),
                Optional.of(adds("bos_token", pre.wholeWords())), Optional.of(adds("eos_token", false)));
        return HuggingFaceTokenizer.of(metadata.origin(), document(pre, pieces, ids), new JsonVocabulary(pieces, ids), around);
    }

    /// The `tokenizer.json`. It has megabytes, so it is written straight away and not as a tree.
    private String document(PreTokenizer pre, List<String> pieces, Map<String, Integer> ids) {
        StringWriter text = new StringWriter(32 * pieces.size());
        try (JsonGenerator json = Json.mapper().createGenerator(text)) {
            json.writeStartObject();
            json.writeArrayFieldStart("added_tokens");
            for (int i = 0; i < types.length; i++) {
                if (!pieces.get(i).isEmpty() && (isSpecial(i) || types[i] == USER_DEFINED)) {
                    json.writePOJO(Json.object().put("id", i).put("content", pieces.get(i)).put("single_word", false)
                            .put("lstrip", false).put("rstrip", false).put("normalized", false).put("special", isSpecial(i)));
                }
            }
            json.writeEndArray();
            for (Map.Entry<String, JsonNode> field : pre.describe().properties()) {
                json.writePOJOField(field.getKey(), field.getValue());
            }
            json.writeObjectFieldStart("model");
            json.writeStringField("type", "BPE");
            json.writeBooleanField("ignore_merges", pre.wholeWords());
            json.writeObjectFieldStart("vocab");
            for (int i = 0; i < pieces.size(); i++) {
                if (!pieces.get(i).isEmpty()) {
                    json.writeNumberField(pieces.get(i), i);
                }
            }
            json.writeEndObject();
            merges(json, ids);
            json.writeEndObject();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        return text.toString();
    }

    private void merges(JsonGenerator json, Map<String, Integer> ids) throws IOException {
        json.writeArrayFieldStart("merges");
        List<String> stored = metadata.strings(PREFIX + "merges").orElse(List.of());
        for (int i = 0; i < stored.size(); i++) {
            String merge = stored.get(i);
            // the pieces hold no spaces: bytes are written as letters
            int space = merge.indexOf(' ', 1);
            if (space < 0 || !ids.containsKey(merge.substring(0, space)) || !ids.containsKey(merge.substring(space + 1))
                    || !ids.containsKey(merge.substring(0, space) + merge.substring(space + 1))) {
                throw error(PREFIX + "merges[" + i + "] is \"" + merge + "\", expected two tokens that make a third");
            }
            json.writeString(merge);
        }
        json.writeEndArray();
    }

    private Tokenizer sentencePiece() {
        float[] scores = metadata.floats(PREFIX + "scores").orElse(new float[tokens.size()]);
        if (scores.length != tokens.size()) {
            throw error(PREFIX + "scores has " + scores.length + " entries, expected one for each of " + tokens.size() + " tokens");
        }
        List<Piece> pieces = new ArrayList<>();
        Set<Integer> textual = new HashSet<>();
        boolean bytes = false;
        // some files call several tokens unknown
        int unknown = token("unknown").orElseGet(() -> IntStream.range(0, types.length).filter(i -> types[i] == UNKNOWN).findFirst()
                .orElseThrow(() -> error("no token is the unknown one")));
        for (int i = 0; i < types.length; i++) {
            bytes |= types[i] == BYTE;
            SentencePieceModel.Type type = i == unknown ? SentencePieceModel.Type.UNKNOWN : switch (types[i]) {
                case UNKNOWN, CONTROL -> SentencePieceModel.Type.CONTROL;
                case USER_DEFINED -> {
                    // found in the text as it is, like control tokens, and yet text
                    textual.add(i);
                    yield SentencePieceModel.Type.CONTROL;
                }
                case UNUSED -> SentencePieceModel.Type.UNUSED;
                case BYTE -> SentencePieceModel.Type.BYTE;
                default -> SentencePieceModel.Type.NORMAL;
            };
            pieces.add(new Piece(tokens.get(i), scores[i], type));
        }
        SentencePieceModel model = new SentencePieceModel(SentencePieceModel.Algorithm.BPE, pieces, bytes, false, " \u2047 ", "", "", "",
                new SentencePieceModel.Normalization(new byte[0], adds("space_prefix", true),
                        metadata.flag(PREFIX + "remove_extra_whitespaces").orElse(false), true));
        return SentencePieceTokenizer.of(model, metadata.origin(), textual,
                new SentencePieceTokenizer.Settings(special(), adds("bos_token", true), adds("eos_token", false), true));
    }

    private Tokenizer rwkv() {
        RwkvTokenizer.Vocabulary vocabulary = new RwkvTokenizer.Vocabulary();
        for (int i = 0; i < types.length; i++) {
            if (i == RwkvTokenizer.END_OF_TEXT || types[i] == UNUSED) {
                continue;
            }
            try {
                vocabulary.add(i, PythonLiteral.unquoted(tokens.get(i)));
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(metadata.origin() + ": " + TOKENS + "[" + i + "]: " + e.getMessage(), e);
            }
        }
        SpecialTokens stored = special();
        Map<String, String> names = new LinkedHashMap<>(stored.names());
        // the file calls it <s>, which is ordinary text in this vocabulary
        names.replaceAll((_, name) -> name.equals(tokens.get(RwkvTokenizer.END_OF_TEXT)) ? RwkvTokenizer.END_OF_TEXT_NAME : name);
        SpecialTokens special = new SpecialTokens(stored.bos(), stored.eos(), stored.pad(), names);
        return vocabulary.tokenizer(metadata.origin(), _ -> special);
    }

    private CheckpointException error(String message) {
        return new CheckpointException(metadata.origin() + ": " + message);
    }
}
