package dev.heddle.checkpoint.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/// A `tokenizer.json`, run by Hugging Face's own `tokenizers` library.
///
/// What is added around a whole text is the file's post-processor, corrected by `add_bos_token` and `add_eos_token` of
/// `tokenizer_config.json` where those are written: published folders exist whose post-processor adds nothing although
/// the model was trained with a begin token. Truncation and padding that the file may ask for are switched off.
final class HuggingFaceTokenizer implements Tokenizer {
    /// Ids of context that a stream keeps: enough for any decoder to see that a word is not the first.
    private static final int CONTEXT = 16;
    /// Tokens that may be held back for want of bytes. A character has at most four, so more means they are no UTF-8.
    private static final int HELD = 32;

    private final String origin;
    private final Supplier<JsonVocabulary> source;
    private final TokenizersLibrary library;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final Map<String, Integer> addedIds = new HashMap<>();
    private final BitSet specialIds = new BitSet();
    private final SpecialTokens special;
    private final int[] prefix;
    private final int[] suffix;
    private long handle;
    private volatile JsonVocabulary vocabulary;

    /// What stands around a whole text.
    ///
    /// @param special the tokens with a meaning of their own
    /// @param addBos  whether the begin token does; empty if that is the post-processor's business
    /// @param addEos  the same of the end token
    record Around(SpecialTokens special, Optional<Boolean> addBos, Optional<Boolean> addEos) {
    }

    private HuggingFaceTokenizer(String origin, String json, Supplier<JsonVocabulary> source,
            Function<Function<String, OptionalInt>, Around> settings) {
        this.origin = origin;
        this.source = source;
        library = NativeTokenizers.library();
        for (JsonVocabulary.Added token : JsonVocabulary.added(json, origin)) {
            addedIds.put(token.content(), token.id());
            specialIds.set(token.id(), token.special());
        }
        try {
            handle = library.createTokenizerFromString(json);
        } catch (RuntimeException e) {
            throw new CheckpointException(origin + ": not a tokenizer.json that can be read: " + e.getMessage(), e);
        }
        library.disableTruncation(handle);
        library.disablePadding(handle);
        Around around = settings.apply(this::id);
        special = around.special();

        // a post-processor of one text adds ids before and after it and changes none between
        String probe = "a";
        int[] bare = encodeNative(probe, false);
        int[] whole = encodeNative(probe, true);
        int start = start(whole, bare);
        int[] before = Arrays.copyOfRange(whole, 0, start);
        int[] after = Arrays.copyOfRange(whole, start + bare.length, whole.length);
        prefix = corrected(before, around.addBos(), special.bos(), true);
        suffix = corrected(after, around.addEos(),
                special.eos().isEmpty() ? OptionalInt.empty() : OptionalInt.of(special.eos().getFirst()), false);
    }

    /// The tokenizer in `folder/tokenizer.json`, with the settings in the files beside it.
    static HuggingFaceTokenizer load(Path folder, Path file) {
        String json;
        try {
            json = Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file + ": not UTF-8, expected a JSON document", e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
        return new HuggingFaceTokenizer(file.toString(), json, () -> {
            try {
                return JsonVocabulary.read(Files.readString(file), file.toString());
            } catch (IOException e) {
                throw new CheckpointException(file + ": cannot be read again: " + e.getMessage(), e);
            }
        }, id -> {
            JsonNode config = SpecialTokens.optional(folder.resolve("tokenizer_config.json"));
            return new Around(SpecialTokens.read(folder, SpecialTokens.Defaults.none(), id), flag(config.path("add_bos_token")),
                    flag(config.path("add_eos_token")));
        });
    }

    private static Optional<Boolean> flag(JsonNode node) {
        return node.isBoolean() ? Optional.of(node.booleanValue()) : Optional.empty();
    }

    /// A tokenizer whose document is put together from elsewhere.
    static HuggingFaceTokenizer of(String origin, String json, JsonVocabulary vocabulary, Around around) {
        return new HuggingFaceTokenizer(origin, json, () -> vocabulary, _ -> around);
    }

    @Override
    public int[] encode(String text, boolean addSpecial) {
        int[] ids = encodeNative(WellFormed.of(text), false);
        if (!addSpecial || prefix.length + suffix.length == 0) {
            return ids;
        }
        int[] all = Arrays.copyOf(prefix, prefix.length + ids.length + suffix.length);
        System.arraycopy(ids, 0, all, prefix.length, ids.length);
        System.arraycopy(suffix, 0, all, prefix.length + ids.length, suffix.length);
        return all;
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = checked(ids[i]);
        }
        return open(tokenizer -> library.decode(tokenizer, wide, skipSpecial));
    }

    @Override
    public TokenStream stream(int[] context, boolean skipSpecial) {
        return new Stream(Arrays.copyOfRange(context, Math.max(0, context.length - CONTEXT), context.length),
                skipSpecial);
    }

    @Override
    public String piece(int id) {
        return vocabulary().pieces().get(id);
    }

    @Override
    public OptionalInt id(String piece) {
        Integer id = addedIds.get(piece);
        if (id == null) {
            id = vocabulary().ids().get(piece);
        }
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    @Override
    public int size() {
        return vocabulary().pieces().size();
    }

    @Override
    public SpecialTokens special() {
        return special;
    }

    @Override
    public boolean isSpecial(int id) {
        return specialIds.get(checked(id));
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (handle != 0) {
                library.deleteTokenizer(handle);
                handle = 0;
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private int[] encodeNative(String text, boolean addSpecial) {
        long[] ids = open(tokenizer -> {
            long encoding = library.encode(tokenizer, text, addSpecial);
            try {
                return library.getTokenIds(encoding);
            } finally {
                library.deleteEncoding(encoding);
            }
        });
        int[] narrow = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            narrow[i] = Math.toIntExact(ids[i]);
        }
        return narrow;
    }

    /// Runs `use` while the native tokenizer cannot be closed.
    private <T> T open(LongFunction<T> use) {
        lock.readLock().lock();
        try {
            if (handle == 0) {
                throw new IllegalStateException(origin + ": the tokenizer is closed");
            }
            return use.apply(handle);
        } finally {
            lock.readLock().unlock();
        }
    }

    /// Most uses never ask for pieces, so the vocabulary is read when one does.
    private JsonVocabulary vocabulary() {
        JsonVocabulary read = vocabulary;
        if (read == null) {
            synchronized (addedIds) {
                if (vocabulary == null) {
                    vocabulary = source.get();
                }
                read = vocabulary;
            }
        }
        return read;
    }

    private int start(int[] whole, int[] bare) {
        for (int i = 0; i + bare.length <= whole.length; i++) {
            if (Arrays.equals(whole, i, i + bare.length, bare, 0, bare.length)) {
                return i;
            }
        }
        throw new CheckpointException(origin + ": the post-processor changes the tokens of a text "
                + Arrays.toString(bare) + " to " + Arrays.toString(whole) + ", expected tokens added around it");
    }

    /// `added` with `token` put at or taken from its outer end as `wanted` says; as it is if that says nothing.
    private static int[] corrected(int[] added, Optional<Boolean> wanted, OptionalInt token, boolean atStart) {
        if (wanted.isEmpty() || token.isEmpty()) {
            return added;
        }
        int id = token.getAsInt();
        boolean there = Arrays.stream(added).anyMatch(other -> other == id);
        if (there == wanted.get()) {
            return added;
        }
        if (there) {
            return Arrays.stream(added).filter(other -> other != id).toArray();
        }
        int[] longer = new int[added.length + 1];
        System.arraycopy(added, 0, longer, atStart ? 1 : 0, added.length);
        longer[atStart ? 0 : added.length] = id;
        return longer;
    }

    private static int checked(int id) {
        if (id < 0) {
            throw new IllegalArgumentException("token id " + id + ", expected 0 or more");
        }
        return id;
    }

    /// Decodes a window of the last tokens with and without the newest ones; the difference is the new text. Every
    /// decoder of a tokenizer.json looks at neighbouring tokens only, so the window need not hold more than the tokens
    /// of the last text given out.
    private final class Stream implements TokenStream {
        private final boolean skipSpecial;
        private int[] window;
        private int settled;
        private String settledText;

        Stream(int[] context, boolean skipSpecial) {
            this.skipSpecial = skipSpecial;
            settle(context);
        }

        @Override
        public String feed(int id) {
            window = Arrays.copyOf(window, window.length + 1);
            window[window.length - 1] = checked(id);
            String text = decode(window, skipSpecial);
            boolean many = window.length - settled >= HELD;
            if (text.equals(settledText)) {
                // tokens without text, such as skipped special ones, need not pile up
                window = many ? Arrays.copyOf(window, settled) : window;
                return "";
            }
            if (text.endsWith("\uFFFD") && !many) {
                return "";
            }
            String fresh = fresh(text);
            settle(Arrays.copyOfRange(window, settled, window.length));
            return fresh;
        }

        @Override
        public String finish() {
            String rest = fresh(decode(window, skipSpecial));
            settle(new int[0]);
            return rest;
        }

        /// The part of `text` after what was already given out, which may differ from the settled text in a
        /// character that the context left incomplete.
        private String fresh(String text) {
            int common = 0;
            int most = Math.min(text.length(), settledText.length());
            while (common < most && text.charAt(common) == settledText.charAt(common)) {
                common++;
            }
            return text.substring(common);
        }

        private void settle(int[] ids) {
            window = ids;
            settled = ids.length;
            settledText = ids.length == 0 ? "" : decode(ids, skipSpecial);
        }
    }
}
