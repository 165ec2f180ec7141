package dev.heddle.train.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;

/// Documents as token ids, mapped from disk.
///
/// A shard is a folder: `tokens.bin`, the ids one after the other (u16 if the vocabulary fits, else i32, little-endian),
/// `documents.bin`, where each document begins and the last ends (i64), and `shard.json`, what it was made from. If only
/// some tokens are to be learnt, `answers.bin` has a byte for each token, 1 for those.
public final class TokenShard {
    static final String TOKENS = "tokens.bin";
    static final String DOCUMENTS = "documents.bin";
    static final String ANSWERS = "answers.bin";
    static final String ABOUT = "shard.json";
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment tokens;
    private final MemorySegment starts;
    private final Optional<MemorySegment> answers;
    private final boolean wide;
    private final int vocabulary;
    private final String fingerprint;

    private TokenShard(MemorySegment tokens, MemorySegment starts, Optional<MemorySegment> answers, boolean wide, int vocabulary,
            String fingerprint) {
        this.tokens = tokens;
        this.starts = starts;
        this.answers = answers;
        this.wide = wide;
        this.vocabulary = vocabulary;
        this.fingerprint = fingerprint;
    }

    /// @throws DataException if the folder holds no shard or a damaged one
    public static TokenShard open(Path folder) {
        ObjectNode about = Json.readObject(folder.resolve(ABOUT));
        boolean wide = about.path("wide").asBoolean();
        try {
            MemorySegment tokens = map(folder.resolve(TOKENS));
            MemorySegment starts = map(folder.resolve(DOCUMENTS));
            long documents = about.path("documents").asLong(-1);
            long count = about.path("tokens").asLong(-1);
            Optional<MemorySegment> answers = about.path("answers").asBoolean() ? Optional.of(map(folder.resolve(ANSWERS)))
                    : Optional.empty();
            if (starts.byteSize() != 8 * (documents + 1) || tokens.byteSize() != count * (wide ? 4 : 2)
                    || answers.isPresent() && answers.get().byteSize() != count) {
                throw new DataException(folder + ": the shard is damaged: its files do not have the sizes that " + ABOUT + " gives");
            }
            TokenShard shard = new TokenShard(tokens, starts, answers, wide, about.path("vocabulary").asInt(),
                    about.path("fingerprint").asText());
            if (shard.start(0) != 0 || shard.start(documents) != count) {
                throw new DataException(folder + ": the shard is damaged: its documents do not cover its tokens");
            }
            return shard;
        } catch (IOException e) {
            throw new DataException(folder + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static MemorySegment map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
        }
    }

    /// Whether `folder` holds a shard made from the same text by the same tokenizer.
    static boolean isCurrent(Path folder, String fingerprint) {
        return Files.isRegularFile(folder.resolve(ABOUT))
                && Json.readObject(folder.resolve(ABOUT)).path("fingerprint").asText().equals(fingerprint);
    }

    public long documents() {
        return starts.byteSize() / 8 - 1;
    }

    public long tokens() {
        return tokens.byteSize() / (wide ? 4 : 2);
    }

    /// Ids are below this.
    public int vocabulary() {
        return vocabulary;
    }

    /// Tells whether two shards hold the same.
    public String fingerprint() {
        return fingerprint;
    }

    private long start(long document) {
        return starts.get(LONG, 8 * document);
    }

    /// Tokens of a document.
    public long length(long document) {
        return start(document + 1) - start(document);
    }

    /// `count` ids of a document from position `from`.
    public int[] read(long document, long from, int count) {
        long first = start(document) + from;
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = wide ? tokens.get(INT, 4 * (first + i)) : tokens.get(SHORT, 2 * (first + i)) & 0xffff;
        }
        return ids;
    }

    /// A stretch of a document: `count` inputs from position `from`, and the tokens after them where those are to be learnt.
    ///
    /// @param lane      see [Stretch]
    /// @param continues see [Stretch]
    public Stretch stretch(long document, long from, int count, int lane, boolean continues) {
        int[] ids = read(document, from, count + 1);
        int[] targets = Arrays.copyOfRange(ids, 1, count + 1);
        if (answers.isPresent()) {
            long first = start(document) + from + 1;
            for (int i = 0; i < count; i++) {
                targets[i] = answers.get().get(ValueLayout.JAVA_BYTE, first + i) == 0 ? Stretch.NONE : targets[i];
            }
        }
        return new Stretch(lane, Arrays.copyOf(ids, count), targets, continues);
    }
}
