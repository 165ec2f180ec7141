package dev.heddle.checkpoint.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.tokenizer.SentencePieceModel.Piece;
import dev.heddle.checkpoint.tokenizer.SentencePieceModel.Type;
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
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// A SentencePiece model (Kudo and Richardson 2018, <https://arxiv.org/abs/1808.06226>) with the tokens added to it by
/// `tokenizer_config.json` and `added_tokens.json`.
///
/// Control pieces, the unknown piece and added tokens are found in the text by their names; what lies between is
/// normalized and cut on its own. Each such stretch gets the model's dummy leading space, as with Hugging Face's
/// `legacy` tokenizers and mistral-common; with `"legacy": false` only a stretch at the very beginning does.
///
/// A begin token is added unless `tokenizer_config.json` says `"add_bos_token": false`; an end token only if it says
/// `"add_eos_token": true`.
final class SentencePieceTokenizer implements Tokenizer {
    private final SentencePieceModel model;
    private final SentencePieceNormalizer normalizer;
    private final SentencePieceSegmenter segmenter;
    private final Map<String, Integer> ids = new HashMap<>();
    private final int[] byteIds = new int[256];
    private final int[] byteValues;
    private final int unknown;
    private final AddedTokens added;
    private final SpecialTokens special;
    private final boolean addBos;
    private final boolean addEos;
    private final boolean prefixEverywhere;

    /// What stands around a text and its stretches.
    ///
    /// @param special          the tokens with a meaning of their own
    /// @param addBos           whether a begin token stands before a text
    /// @param addEos           whether an end token stands after it
    /// @param prefixEverywhere whether a stretch behind a special token gets the dummy space, too
    record Settings(SpecialTokens special, boolean addBos, boolean addEos, boolean prefixEverywhere) {
    }

    /// @param added from the pieces that are tokens of their own, all such tokens; of two with one id the later counts
    private SentencePieceTokenizer(SentencePieceModel model, String origin, UnaryOperator<List<AddedTokens.Added>> added,
            Function<SentencePieceTokenizer, Settings> settings) {
        this.model = model;
        List<Piece> pieces = model.pieces();
        byteValues = new int[pieces.size()];
        Arrays.fill(byteIds, -1);
        Arrays.fill(byteValues, -1);
        PrefixTrie userDefined = new PrefixTrie();
        PrefixTrie words = new PrefixTrie();
        Map<String, Integer> wordIds = new HashMap<>();
        List<AddedTokens.Added> tokens = new ArrayList<>();
        int unknownId = -1;
        for (int id = 0; id < pieces.size(); id++) {
            Piece piece = pieces.get(id);
            if (ids.put(piece.text(), id) != null) {
                throw new CheckpointException(origin + ": the piece \"" + piece.text() + "\" occurs twice");
            }
            switch (piece.type()) {
                case NORMAL, UNUSED -> {
                    words.put(piece.text(), id);
                    wordIds.put(piece.text(), id);
                }
                case USER_DEFINED -> {
                    words.put(piece.text(), id);
                    wordIds.put(piece.text(), id);
                    userDefined.put(piece.text(), id);
                }
                case UNKNOWN -> {
                    if (unknownId >= 0) {
                        throw new CheckpointException(origin + ": two unknown pieces, " + unknownId + " and " + id);
                    }
                    unknownId = id;
                    tokens.add(new AddedTokens.Added(id, piece.text(), true));
                }
                case CONTROL -> tokens.add(new AddedTokens.Added(id, piece.text(), true));
                case BYTE -> {
                    int value = byteValue(piece.text(), origin);
                    byteIds[value] = id;
                    byteValues[id] = value;
                }
            }
        }
        if (unknownId < 0) {
            throw new CheckpointException(origin + ": no unknown piece, expected one");
        }
        unknown = unknownId;
        if (model.byteFallback()) {
            for (int value = 0; value < 256; value++) {
                if (byteIds[value] < 0) {
                    throw new CheckpointException(origin + ": byte fallback without a piece for byte " + value);
                }
            }
        }
        normalizer = new SentencePieceNormalizer(model, userDefined, origin);
        segmenter = switch (model.algorithm()) {
            case BPE -> new SentencePieceBpe(model, wordIds, userDefined, unknown);
            case UNIGRAM -> new SentencePieceUnigram(model, words, unknown);
        };

        this.added = new AddedTokens(added.apply(tokens));
        Settings chosen = settings.apply(this);
        special = chosen.special();
        addBos = chosen.addBos() && special.bos().isPresent();
        addEos = chosen.addEos() && !special.eos().isEmpty();
        prefixEverywhere = chosen.prefixEverywhere();
    }

    /// The tokenizer over the model in `file`, with the settings in the other files of `folder`.
    static SentencePieceTokenizer load(Path folder, Path file) {
        try {
            return of(folder, SentencePieceModel.parse(Files.readAllBytes(file), file.toString()), file.toString());
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    static SentencePieceTokenizer of(Path folder, SentencePieceModel model, String origin) {
        JsonNode config = SpecialTokens.optional(folder.resolve("tokenizer_config.json"));
        return new SentencePieceTokenizer(model, origin, pieces -> configured(pieces, folder, config),
                tokenizer -> new Settings(SpecialTokens.read(folder, tokenizer.defaults(), tokenizer::id),
                        config.path("add_bos_token").asBoolean(true), config.path("add_eos_token").asBoolean(false),
                        config.path("legacy").asBoolean(true)));
    }

    /// A tokenizer whose model is put together from elsewhere.
    ///
    /// @param textual pieces of tokens of their own that are text all the same
    static SentencePieceTokenizer of(SentencePieceModel model, String origin, Set<Integer> textual, Settings settings) {
        return new SentencePieceTokenizer(model, origin, pieces -> pieces.stream()
                .map(token -> new AddedTokens.Added(token.id(), token.content(), !textual.contains(token.id()))).toList(),
                _ -> settings);
    }

    @Override
    public int[] encode(String text, boolean addSpecial) {
        String safe = WellFormed.of(text);
        boolean[] first = {!added.startsWithOne(safe)};
        int[] inner = added.split(safe, stretch -> {
            boolean prefix = prefixEverywhere || first[0];
            first[0] = false;
            return encodeStretch(stretch, prefix);
        });
        if (!addSpecial || !addBos && !addEos) {
            return inner;
        }
        int before = addBos ? 1 : 0;
        int[] all = new int[inner.length + before + (addEos ? 1 : 0)];
        System.arraycopy(inner, 0, all, before, inner.length);
        if (addBos) {
            all[0] = special.bos().getAsInt();
        }
        if (addEos) {
            all[all.length - 1] = special.eos().getFirst();
        }
        return all;
    }

    /// What SentencePiece itself gives for a text: special tokens are not looked for.
    int[] encodeStretch(String text, boolean dummyPrefix) {
        IdList out = new IdList();
        segmenter.segment(normalizer.normalize(text, dummyPrefix), (piece, id) -> {
            if (id != unknown) {
                out.add(id);
            } else if (model.byteFallback()) {
                for (byte b : piece.getBytes(StandardCharsets.UTF_8)) {
                    out.add(byteIds[b & 0xFF]);
                }
            } else if (out.size == 0 || out.ids[out.size - 1] != unknown) {
                // neighbouring unknown characters are one token
                out.add(unknown);
            }
        });
        return Arrays.copyOf(out.ids, out.size);
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        TokenStream stream = stream(new int[0], skipSpecial);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.feed(id));
        }
        return text.append(stream.finish()).toString();
    }

    @Override
    public TokenStream stream(int[] context, boolean skipSpecial) {
        Stream stream = new Stream(skipSpecial);
        for (int id : context) {
            stream.feed(id);
        }
        return stream;
    }

    @Override
    public String piece(int id) {
        AddedTokens.Added token = added.byId(id);
        if (token != null) {
            return token.content();
        }
        return id >= model.pieces().size() && id < size() ? "" : model.pieces().get(id).text();
    }

    @Override
    public OptionalInt id(String piece) {
        OptionalInt id = added.id(piece);
        if (id.isPresent()) {
            return id;
        }
        Integer known = ids.get(piece);
        return known == null ? OptionalInt.empty() : OptionalInt.of(known);
    }

    @Override
    public int size() {
        return Math.max(model.pieces().size(), added.size());
    }

    @Override
    public SpecialTokens special() {
        return special;
    }

    @Override
    public boolean isSpecial(int id) {
        AddedTokens.Added token = added.byId(id);
        return token != null && token.special();
    }

    private SpecialTokens.Defaults defaults() {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("bos_token", model.bosPiece());
        names.put("eos_token", model.eosPiece());
        names.put("unk_token", model.pieces().get(unknown).text());
        names.put("pad_token", model.padPiece());
        names.values().removeIf(name -> added.id(name).isEmpty());
        return new SpecialTokens.Defaults(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), names);
    }

    private static List<AddedTokens.Added> configured(List<AddedTokens.Added> pieces, Path folder, JsonNode config) {
        List<AddedTokens.Added> tokens = new ArrayList<>(pieces);
        config.path("added_tokens_decoder").properties().forEach(entry -> {
            String content = entry.getValue().path("content").asText();
            boolean steers = entry.getValue().path("special").asBoolean(true);
            tokens.add(new AddedTokens.Added(id(entry.getKey(), folder), content, steers));
        });
        SpecialTokens.optional(folder.resolve("added_tokens.json")).properties().forEach(entry -> {
            int id = id(entry.getValue().asText(), folder);
            if (tokens.stream().noneMatch(token -> token.id() == id)) {
                tokens.add(new AddedTokens.Added(id, entry.getKey(), false));
            }
        });
        return tokens;
    }

    private static int id(String text, Path folder) {
        if (!text.matches("[0-9]{1,8}")) {
            throw new CheckpointException(folder + ": an added token has the id \"" + text + "\", expected a number");
        }
        return Integer.parseInt(text);
    }

    private static int byteValue(String piece, String origin) {
        if (!piece.matches("<0x[0-9A-F]{2}>")) {
            throw new CheckpointException(origin + ": the byte piece \"" + piece + "\", expected <0x00> to <0xFF>");
        }
        return Integer.parseInt(piece.substring(3, 5), 16);
    }

    private static final class IdList {
        int[] ids = new int[64];
        int size;

        void add(int id) {
            if (size == ids.length) {
                ids = Arrays.copyOf(ids, 2 * size);
            }
            ids[size++] = id;
        }
    }

    private final class Stream implements TokenStream {
        private final boolean skipSpecial;
        private final Utf8 utf8 = new Utf8();
        private boolean atStart = true;

        Stream(boolean skipSpecial) {
            this.skipSpecial = skipSpecial;
        }

        @Override
        public String feed(int id) {
            if (id < 0) {
                throw new IllegalArgumentException("token id " + id + ", expected 0 or more");
            }
            StringBuilder text = new StringBuilder();
            if (id < byteValues.length && byteValues[id] >= 0) {
                utf8.feed((byte) byteValues[id], text);
                atStart &= text.isEmpty();
                return text.toString();
            }
            utf8.finish(text);
            atStart &= text.isEmpty();
            AddedTokens.Added token = added.byId(id);
            if (token != null) {
                boolean shown = !token.special() || !skipSpecial;
                text.append(shown ? token.content() : id == unknown ? model.unknownSurface() : "");
            } else if (id < model.pieces().size()) {
                String piece = model.pieces().get(id).text();
                boolean mark = piece.charAt(0) == SentencePieceNormalizer.SPACE_MARK;
                boolean drop = atStart && mark
                        && (model.normalization().dummyPrefix() || model.normalization().squeezeSpaces());
                text.append(piece.substring(drop ? 1 : 0).replace(SentencePieceNormalizer.SPACE_MARK, ' '));
                // one leading space goes, or all where normalizing removed all
                atStart &= !drop || model.normalization().squeezeSpaces();
            }
            atStart &= text.isEmpty();
            return text.toString();
        }

        @Override
        public String finish() {
            StringBuilder text = new StringBuilder();
            utf8.finish(text);
            atStart = true;
            return text.toString();
        }
    }
}
