package dev.heddle.checkpoint.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.gguf.GgufValue;
import dev.heddle.checkpoint.gguf.GgufValue.Type;
import dev.heddle.checkpoint.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// The tokenizer of a model folder as metadata of a GGUF file, what [GgufTokenizers] reads.
///
/// Byte-level BPE is `gpt2` with its merges and the name of its pre-tokenizer; BPE over characters with byte fallback and
/// SentencePiece's BPE are `llama` with scores, which for the former follow from the order of its merges; RWKV's
/// vocabulary is `rwkv`. Ids without a token are written as unused.
public final class GgufVocabulary {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;
    /// Score of a token that no merge makes.
    private static final float UNMERGED = -1e6f;

    private final int vocabulary;
    private final List<String> tokens = new ArrayList<>();
    private final List<Integer> types = new ArrayList<>();
    private final Map<String, GgufValue> values = new LinkedHashMap<>();

    private GgufVocabulary(int vocabulary) {
        this.vocabulary = vocabulary;
    }

    /// @param values the metadata; `tokenizer.ggml.model` is `none` if there is no tokenizer or GGUF cannot hold it
    /// @param remark what is lost, if anything
    public record Described(Map<String, GgufValue> values, Optional<String> remark) {
        /// No tokenizer.
        public static Described none(Optional<String> remark) {
            return new Described(Map.of(PREFIX + "model", new GgufValue.Text("none")), remark);
        }
    }

    /// The tokenizer of the model in `folder`, if it has one.
    ///
    /// @param vocabulary rows of the model's embedding
    /// @throws CheckpointException if it is damaged
    public static Described of(Path folder, int vocabulary) {
        Optional<Path> found = Tokenizers.beside(folder);
        if (found.isEmpty()) {
            return Described.none(Optional.empty());
        }
        Path file = found.get();
        String name = file.getFileName().toString();
        GgufVocabulary written = new GgufVocabulary(vocabulary);
        Optional<String> remark = name.endsWith(".json") ? written.json(file)
                : name.endsWith(".txt") ? written.rwkv(file) : written.sentencePiece(file);
        if (written.tokens.isEmpty()) {
            return Described.none(remark);
        }
        try (Tokenizer tokenizer = Tokenizers.load(folder)) {
            written.special(tokenizer);
        }
        return new Described(written.finish(), remark);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private Optional<String> json(Path file) {
        JsonNode json = Json.readObject(file);
        JsonNode model = json.path("model");
        if (!model.path("type").asText("BPE").equals("BPE")) {
            return Optional.of("its tokenizer (" + model.path("type").asText() + ") has no form in GGUF");
        }
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : model.path("merges")) {
            merges.add(merge.isArray() ? merge.get(0).asText() + " " + merge.get(1).asText() : merge.asText());
        }
        model.path("vocab").properties().forEach(entry -> set(entry.getValue().asInt(), entry.getKey(), NORMAL));
        for (JsonNode added : json.path("added_tokens")) {
            set(added.path("id").asInt(), added.path("content").asText(),
                    added.path("special").asBoolean() ? CONTROL : USER_DEFINED);
        }
        if (model.path("byte_fallback").asBoolean()) {
            characters(json, merges);
            return Optional.empty();
        }
        Optional<String> pre = PreTokenizerNames.of(json);
        values.put(PREFIX + "model", new GgufValue.Text("gpt2"));
        values.put(PREFIX + "pre", new GgufValue.Text(pre.orElse("default")));
        values.put(PREFIX + "merges", new GgufValue.Strings(merges));
        return pre.isPresent() ? Optional.empty() : Optional.of("the way its tokenizer cuts texts has no name in GGUF; put "
                + "tokenizer.json beside the file, or texts become other tokens");
    }

    /// BPE over characters: as SentencePiece, whose scores rank what merges make.
    private void characters(JsonNode json, List<String> merges) {
        Map<String, Float> ranks = new HashMap<>();
        for (int i = 0; i < merges.size(); i++) {
            ranks.putIfAbsent(merges.get(i).replace(" ", ""), (float) -i);
        }
        String unknown = json.path("model").path("unk_token").asText("");
        double[] scores = new double[vocabulary];
        Arrays.fill(scores, UNMERGED);
        for (int i = 0; i < tokens.size(); i++) {
            String token = tokens.get(i);
            scores[i] = ranks.getOrDefault(token, UNMERGED);
            if (token.matches("<0x[0-9A-F]{2}>")) {
                types.set(i, BYTE);
            } else if (token.equals(unknown)) {
                types.set(i, UNKNOWN);
            }
        }
        String prepares = json.path("normalizer").toString() + json.path("pre_tokenizer");
        boolean prefix = prepares.contains("\"Prepend\"") || prepares.contains("\"Metaspace\"")
                && !prepares.contains("\"prepend_scheme\":\"never\"") && !prepares.contains("\"add_prefix_space\":false");
        llama(scores, prefix);
    }

    private void llama(double[] scores, boolean prefix) {
        values.put(PREFIX + "model", new GgufValue.Text("llama"));
        values.put(PREFIX + "pre", new GgufValue.Text("default"));
        values.put(PREFIX + "scores", new GgufValue.Reals(Type.FLOAT32, scores));
        values.put(PREFIX + "add_space_prefix", new GgufValue.Flag(prefix));
    }

    private Optional<String> sentencePiece(Path file) {
        SentencePieceModel model;
        try {
            model = SentencePieceModel.parse(Files.readAllBytes(file), file.toString());
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
        if (model.algorithm() != SentencePieceModel.Algorithm.BPE) {
            return Optional.of("its tokenizer (SentencePiece unigram) has no form in GGUF that Heddle reads");
        }
        double[] scores = new double[vocabulary];
        for (int i = 0; i < Math.min(vocabulary, model.pieces().size()); i++) {
            SentencePieceModel.Piece piece = model.pieces().get(i);
            set(i, piece.text(), switch (piece.type()) {
                case NORMAL -> NORMAL;
                case UNKNOWN -> UNKNOWN;
                case CONTROL -> CONTROL;
                case USER_DEFINED -> USER_DEFINED;
                case UNUSED -> UNUSED;
                case BYTE -> BYTE;
            });
            scores[i] = piece.score();
        }
        addedBeside(file.toAbsolutePath().getParent());
        llama(scores, model.normalization().dummyPrefix());
        values.put(PREFIX + "remove_extra_whitespaces", new GgufValue.Flag(model.normalization().squeezeSpaces()));
        return Optional.empty();
    }

    /// Tokens that a folder adds to its SentencePiece model.
    private void addedBeside(Path folder) {
        JsonNode decoder = SpecialTokens.optional(folder.resolve("tokenizer_config.json")).path("added_tokens_decoder");
        decoder.properties().forEach(entry -> set(Integer.parseInt(entry.getKey()), entry.getValue().path("content").asText(),
                entry.getValue().path("special").asBoolean() ? CONTROL : USER_DEFINED));
        SpecialTokens.optional(folder.resolve("added_tokens.json")).properties().forEach(entry -> {
            if (entry.getValue().asInt() >= tokens.size()) {
                set(entry.getValue().asInt(), entry.getKey(), USER_DEFINED);
            }
        });
    }

    private Optional<String> rwkv(Path file) {
        set(RwkvTokenizer.END_OF_TEXT, "<s>", CONTROL);
        read(file).lines().filter(line -> !line.isBlank()).forEach(line -> {
            int first = line.indexOf(' ');
            int last = line.lastIndexOf(' ');
            set(Integer.parseInt(line.substring(0, first)), literal(PythonLiteral.bytes(line.substring(first + 1, last))), NORMAL);
        });
        values.put(PREFIX + "model", new GgufValue.Text("rwkv"));
        return Optional.empty();
    }

    /// How Python writes these bytes, without the letter and the quotes around them.
    static String literal(byte[] bytes) {
        String latin = new String(bytes, StandardCharsets.ISO_8859_1);
        boolean escapesQuote = latin.contains("'") && latin.contains("\"");
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            switch (b) {
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\'' -> text.append(escapesQuote ? "\\'" : "'");
                default -> {
                    if (b >= ' ' && b < 127) {
                        text.append((char) b);
                    } else {
                        text.append("\\x%02x".formatted(b & 0xff));
                    }
                }
            }
        }
        return text.toString();
    }

    private void set(int id, String token, int type) {
        if (id < 0 || id >= vocabulary) {
            return;
        }
        while (tokens.size() <= id) {
            types.add(UNUSED);
            tokens.add("[PAD" + tokens.size() + "]");
        }
        tokens.set(id, token);
        types.set(id, type);
    }

    private void special(Tokenizer tokenizer) {
        SpecialTokens special = tokenizer.special();
        List<Integer> ends = List.copyOf(special.eos());
        id("bos", special.bos());
        if (!ends.isEmpty()) {
            id("eos", OptionalInt.of(ends.getFirst()));
        }
        if (ends.size() > 1) {
            id("eot", OptionalInt.of(ends.get(1)));
        }
        id("padding", special.pad());
        if (special.names().containsKey("unk_token")) {
            id("unknown", tokenizer.id(special.names().get("unk_token")));
        }
        int[] bare = tokenizer.encode("a", false);
        int[] whole = tokenizer.encode("a", true);
        values.put(PREFIX + "add_bos_token", new GgufValue.Flag(whole.length > bare.length && special.bos().isPresent()
                && whole[0] == special.bos().getAsInt()));
        values.put(PREFIX + "add_eos_token", new GgufValue.Flag(whole.length > bare.length && !ends.isEmpty()
                && whole[whole.length - 1] == ends.getFirst()));
    }

    private void id(String name, OptionalInt id) {
        if (id.isPresent() && id.getAsInt() < vocabulary) {
            values.put(PREFIX + name + "_token_id", new GgufValue.Whole(Type.UINT32, id.getAsInt()));
        }
    }

    private Map<String, GgufValue> finish() {
        if (tokens.size() < vocabulary) {
            set(vocabulary - 1, "[PAD" + (vocabulary - 1) + "]", UNUSED);
        }
        values.put(PREFIX + "tokens", new GgufValue.Strings(List.copyOf(tokens)));
        values.put(PREFIX + "token_type", new GgufValue.Wholes(Type.INT32, types.stream().mapToLong(Integer::longValue).toArray()));
        return values;
    }
}
