package dev.heddle.train.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Writes a [TokenShard]. The files are written beside their place and moved there by [#commit], `shard.json` last, so a
/// shard is whole or not there.
public final class TokenShardWriter implements AutoCloseable {
    private final Path folder;
    private final int vocabulary;
    private final boolean wide;
    private final OutputStream tokens;
    private final OutputStream documents;
    private final Optional<OutputStream> answers;
    private long count;
    private long documentCount;

    /// @param folder     made if missing
    /// @param vocabulary ids are below this
    public TokenShardWriter(Path folder, int vocabulary) {
        this(folder, vocabulary, false);
    }

    /// @param marked whether documents say which of their tokens are to be learnt
    public TokenShardWriter(Path folder, int vocabulary, boolean marked) {
        this.folder = folder;
        this.vocabulary = vocabulary;
        wide = vocabulary > 1 << 16;
        try {
            Files.createDirectories(folder);
            tokens = new BufferedOutputStream(Files.newOutputStream(part(TokenShard.TOKENS)), 1 << 20);
            documents = new BufferedOutputStream(Files.newOutputStream(part(TokenShard.DOCUMENTS)), 1 << 16);
            documents.write(new byte[8]);
            answers = marked ? Optional.of(new BufferedOutputStream(Files.newOutputStream(part(TokenShard.ANSWERS)), 1 << 20))
                    : Optional.empty();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private Path part(String name) {
        return folder.resolve(name + ".part");
    }

    private DataException failed(IOException e) {
        return new DataException(folder + ": cannot be written (" + e.getMessage() + ")", e);
    }

    /// Appends a document; an empty one is passed over.
    public void add(int[] ids) {
        boolean[] all = new boolean[ids.length];
        Arrays.fill(all, true);
        add(ids, all);
    }

    /// Appends a document of which only the tokens marked in `learn` are to be learnt.
    public void add(int[] ids, boolean[] learn) {
        if (ids.length == 0) {
            return;
        }
        ByteBuffer buffer = ByteBuffer.allocate(ids.length * (wide ? 4 : 2)).order(ByteOrder.LITTLE_ENDIAN);
        for (int id : ids) {
            if (id < 0 || id >= vocabulary) {
                throw new DataException("the tokenizer gave id " + id + ", outside its vocabulary of " + vocabulary);
            }
            if (wide) {
                buffer.putInt(id);
            } else {
                buffer.putShort((short) id);
            }
        }
        count += ids.length;
        documentCount++;
        try {
            tokens.write(buffer.array());
            if (answers.isPresent()) {
                for (boolean one : learn) {
                    answers.get().write(one ? 1 : 0);
                }
            }
            documents.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(count).array());
        } catch (IOException e) {
            throw failed(e);
        }
    }

    public long tokens() {
        return count;
    }

    public long documents() {
        return documentCount;
    }

    /// Puts the shard in place.
    ///
    /// @param fingerprint of the text and the tokenizer it was made with
    public TokenShard commit(String fingerprint) {
        ObjectNode about = Json.object();
        about.put("tokens", count).put("documents", documentCount).put("vocabulary", vocabulary).put("wide", wide)
                .put("answers", answers.isPresent())
                .put("fingerprint", fingerprint);
        try {
            tokens.close();
            documents.close();
            if (answers.isPresent()) {
                answers.get().close();
            }
            Files.deleteIfExists(folder.resolve(TokenShard.ABOUT));
            move(TokenShard.TOKENS);
            move(TokenShard.DOCUMENTS);
            if (answers.isPresent()) {
                move(TokenShard.ANSWERS);
            }
            Files.writeString(part(TokenShard.ABOUT), Json.pretty(about));
            move(TokenShard.ABOUT);
        } catch (IOException e) {
            throw failed(e);
        }
        return TokenShard.open(folder);
    }

    private void move(String name) throws IOException {
        Files.move(part(name), folder.resolve(name), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() {
        try {
            tokens.close();
            documents.close();
            if (answers.isPresent()) {
                answers.get().close();
            }
            for (String name : List.of(TokenShard.TOKENS, TokenShard.DOCUMENTS, TokenShard.ANSWERS, TokenShard.ABOUT)) {
                Files.deleteIfExists(part(name));
            }
        } catch (IOException e) {
            throw failed(e);
        }
    }
}
