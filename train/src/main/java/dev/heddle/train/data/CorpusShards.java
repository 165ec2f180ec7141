package dev.heddle.train.data;

import dev.heddle.checkpoint.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;

/// Turns corpus files into shards under a folder, once: a shard made from the same text by the same tokenizer is used
/// again.
public final class CorpusShards {
    /// Shards of one corpus.
    ///
    /// @param train      documents to learn from
    /// @param validation documents held out; empty if none are
    public record Split(TokenShard train, TokenShard validation) {
    }

    private final Path folder;
    private final Tokenizer tokenizer;
    private final int vocabulary;
    private final String tokenizerFingerprint;

    /// @param folder            where shards are kept
    /// @param vocabulary        of the model; the tokenizer must stay below it
    /// @param tokenizerFile     the tokenizer's file, which tells whether shards are still current
    public CorpusShards(Path folder, Tokenizer tokenizer, int vocabulary, Path tokenizerFile) {
        this.folder = folder;
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
        this.tokenizerFingerprint = digest(tokenizerFile);
    }

    /// The shards of a corpus. Each document becomes begin of sequence (if the tokenizer adds one), its text and end of
    /// sequence (if the tokenizer has one). Which documents are held out depends on their text alone.
    ///
    /// @param heldOut  part of the documents that go to validation
    /// @param progress hears of the tokens written so far
    /// @throws DataException if the corpus is unreadable or holds no documents
    public Split of(DocumentSource source, double heldOut, LongConsumer progress) {
        return of(source, heldOut, "", false, (train, validation) -> write(source, heldOut, train, validation, progress));
    }

    /// The shards of conversations, of which only the answers are to be learnt.
    ///
    /// @param template what the encoder's template was made from, which tells whether shards are still current
    /// @throws DataException if the corpus is unreadable, or a line holds no conversation with an answer
    public Split conversations(DocumentSource source, ConversationEncoder encoder, String template, double heldOut,
            LongConsumer progress) {
        return of(source, heldOut, "conversations " + template, true, (train, validation) ->
                source.forEachValue((messages, place) -> {
                    TokenShardWriter writer = isHeldOut(messages.toString(), heldOut) ? validation : train;
                    encoder.encode(ConversationEncoder.messages(messages, source.field(), place), place)
                            .forEach(conversation -> writer.add(conversation.ids(), conversation.answer()));
                    progress.accept(train.tokens() + validation.tokens());
                }));
    }

    private Split of(DocumentSource source, double heldOut, String form, boolean marked,
            BiConsumer<TokenShardWriter, TokenShardWriter> write) {
        source.require();
        String fingerprint = fingerprint(source, heldOut, form);
        Path place = folder.resolve(fingerprint);
        Path train = place.resolve("train");
        Path validation = place.resolve("validation");
        if (!TokenShard.isCurrent(train, fingerprint) || !TokenShard.isCurrent(validation, fingerprint)) {
            try (TokenShardWriter trainWriter = new TokenShardWriter(train, vocabulary, marked);
                    TokenShardWriter validationWriter = new TokenShardWriter(validation, vocabulary, marked)) {
                write.accept(trainWriter, validationWriter);
                validationWriter.commit(fingerprint);
                trainWriter.commit(fingerprint);
            }
        }
        Split split = new Split(TokenShard.open(train), TokenShard.open(validation));
        if (split.train().documents() == 0) {
            throw new DataException(source.file() + ": holds no document to learn from");
        }
        return split;
    }

    private void write(DocumentSource source, double heldOut, TokenShardWriter train, TokenShardWriter validation,
            LongConsumer progress) {
        int[] end = tokenizer.special().eos().stream().mapToInt(Integer::intValue).limit(1).toArray();
        source.forEach(text -> {
            int[] ids = tokenizer.encode(text, true);
            int[] document = Arrays.copyOf(ids, ids.length + end.length);
            System.arraycopy(end, 0, document, ids.length, end.length);
            (isHeldOut(text, heldOut) ? validation : train).add(document);
            progress.accept(train.tokens() + validation.tokens());
        });
    }

    private static boolean isHeldOut(String text, double part) {
        long hash = Permutation.mix(text.hashCode() * 31L + text.length());
        return (hash >>> 11) * 0x1p-53 < part;
    }

    private String fingerprint(DocumentSource source, double heldOut, String form) {
        MessageDigest digest = sha256();
        digest.update((digest(source.file()) + " " + source.field() + " " + tokenizerFingerprint + " " + vocabulary + " "
                + heldOut + form).getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest.digest()).substring(0, 16);
    }

    private static String digest(Path file) {
        MessageDigest digest = sha256();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        } catch (IOException e) {
            throw new DataException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
