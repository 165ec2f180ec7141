package dev.heddle.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.json.Json;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/// Documents of a corpus file, one after the other.
///
/// `.txt` holds text whose documents are separated by [#SEPARATOR] (one document without it), `.jsonl` one JSON object a
/// line, `.parquet` one row a document; the first two may be compressed as `.gz` or `.xz`.
public final class DocumentSource {
    /// What stands between documents of a text file.
    public static final String SEPARATOR = "<|endoftext|>";

    private final Path file;
    private final String field;

    /// @param field the field or column that holds the text, for JSONL and Parquet
    public DocumentSource(Path file, String field) {
        this.file = file;
        this.field = field;
    }

    public Path file() {
        return file;
    }

    public String field() {
        return field;
    }

    /// @throws DataException if there is no such file
    void require() {
        if (!Files.isRegularFile(file)) {
            throw new DataException(file + (Files.exists(file) ? ": is no file" : ": no such corpus file"));
        }
    }

    /// Hands over every document that is not blank.
    /// @throws DataException if the file is missing, unreadable, damaged or not UTF-8
    public void forEach(Consumer<String> document) {
        require();
        String name = file.getFileName().toString();
        String plain = name.replaceFirst("\\.(gz|xz)$", "");
        Consumer<String> nonBlank = text -> {
            if (!text.isBlank()) {
                document.accept(text);
            }
        };
        try {
            if (plain.endsWith(".parquet")) {
                ParquetDocuments.forEach(file, field, nonBlank);
            } else if (plain.endsWith(".jsonl") || plain.endsWith(".ndjson")) {
                lines(name, nonBlank);
            } else if (plain.endsWith(".txt") || plain.endsWith(".text") || plain.endsWith(".md")) {
                text(name, nonBlank);
            } else {
                throw new DataException(file + ": unknown kind of corpus, expected .txt, .jsonl (also .gz, .xz) or .parquet");
            }
        } catch (CharacterCodingException e) {
            throw new DataException(file + ": is not UTF-8 text", e);
        } catch (IOException | UncheckedIOException e) {
            throw new DataException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private BufferedReader reader(String name) throws IOException {
        InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 20);
        InputStream in = name.endsWith(".gz") ? new GZIPInputStream(raw, 1 << 16)
                : name.endsWith(".xz") ? new XZInputStream(raw) : raw;
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT)), 1 << 16);
    }

    /// Hands over the field of every line of a JSONL file, with the place it stands at.
    /// @throws DataException if the file is missing, unreadable, damaged, no JSONL, or a line lacks the field
    public void forEachValue(BiConsumer<JsonNode, String> value) {
        String name = file.getFileName().toString();
        require();
        if (!name.replaceFirst("\\.(gz|xz)$", "").matches(".*\\.(jsonl|ndjson)")) {
            throw new DataException(file + ": conversations come as .jsonl (also .gz, .xz)");
        }
        try {
            values(name, value);
        } catch (CharacterCodingException e) {
            throw new DataException(file + ": is not UTF-8 text", e);
        } catch (IOException | UncheckedIOException e) {
            throw new DataException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private void lines(String name, Consumer<String> document) throws IOException {
        values(name, (text, place) -> {
            if (!text.isTextual()) {
                throw new DataException(place + ": has no text field \"" + field + "\"");
            }
            document.accept(text.textValue());
        });
    }

    private void values(String name, BiConsumer<JsonNode, String> value) throws IOException {
        try (BufferedReader reader = reader(name)) {
            long number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (line.isBlank()) {
                    continue;
                }
                String place = file + ", line " + number;
                value.accept(Json.parse(line, place).path(field), place);
            }
        }
    }

    private void text(String name, Consumer<String> document) throws IOException {
        try (BufferedReader reader = reader(name)) {
            StringBuilder text = new StringBuilder();
            char[] buffer = new char[1 << 16];
            int searched = 0;
            for (int n = reader.read(buffer); n >= 0; n = reader.read(buffer)) {
                text.append(buffer, 0, n);
                int from = 0;
                int at = text.indexOf(SEPARATOR, searched);
                while (at >= 0) {
                    document.accept(text.substring(from, at).strip());
                    from = at + SEPARATOR.length();
                    at = text.indexOf(SEPARATOR, from);
                }
                text.delete(0, from);
                searched = Math.max(0, text.length() - SEPARATOR.length());
            }
            document.accept(text.toString().strip());
        }
    }
}
