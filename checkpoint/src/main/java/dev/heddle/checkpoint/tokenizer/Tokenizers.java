package dev.heddle.checkpoint.tokenizer;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Finds the tokenizer of a model folder.
public final class Tokenizers {
    private static final Pattern SENTENCE_PIECE = Pattern.compile("(spiece|.*tokenizer)\\.model(\\.v\\d+)?");
    private static final Pattern RWKV = Pattern.compile("rwkv_vocab.*\\.txt");

    private Tokenizers() {
    }

    /// The tokenizer of the model in `folder`: `tokenizer.json` (Hugging Face), else `tokenizer.model` or
    /// `spiece.model`, also with a prefix or version suffix (SentencePiece), else `rwkv_vocab*.txt` (RWKV world).
    /// Special tokens and settings come from `tokenizer_config.json`, `special_tokens_map.json`,
    /// `added_tokens.json`, `generation_config.json` and `config.json` beside it, as far as they are there.
    /// @throws CheckpointException if there is none, more than one of one kind, or it is damaged
    public static Tokenizer load(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(folder + ": no such folder, expected a model's");
        }
        return loadFile(file(folder));
    }

    /// The file that [#load] takes for the tokenizer of the model in `folder`; a file stands for itself.
    /// @throws CheckpointException if there is none, or more than one of one kind
    public static Path file(Path folder) {
        if (Files.isRegularFile(folder)) {
            return folder;
        }
        Path json = folder.resolve("tokenizer.json");
        if (Files.isRegularFile(json)) {
            return json;
        }
        Path plain = folder.resolve("tokenizer.model");
        List<Path> models = Files.isRegularFile(plain) ? List.of(plain) : matching(folder, SENTENCE_PIECE);
        if (!models.isEmpty()) {
            return only(models);
        }
        List<Path> vocabularies = matching(folder, RWKV);
        if (!vocabularies.isEmpty()) {
            return only(vocabularies);
        }
        throw new CheckpointException(folder + ": no tokenizer found, expected tokenizer.json, tokenizer.model or"
                + " rwkv_vocab*.txt");
    }

    /// The tokenizer in one file, told by its name as in [#load]; settings are those in the file's folder.
    /// @throws CheckpointException if the name is none of those or the file is damaged
    public static Tokenizer loadFile(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        String name = file.getFileName().toString();
        if (name.endsWith("tokenizer.json")) {
            return HuggingFaceTokenizer.load(folder, file);
        }
        if (SENTENCE_PIECE.matcher(name).matches()) {
            return SentencePieceTokenizer.load(folder, file);
        }
        if (RWKV.matcher(name).matches()) {
            return RwkvTokenizer.load(folder, file);
        }
        throw new CheckpointException(file + ": not the name of a tokenizer, expected tokenizer.json, tokenizer.model"
                + " or rwkv_vocab*.txt");
    }

    private static List<Path> matching(Path folder, Pattern name) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> name.matcher(file.getFileName().toString()).matches()).sorted().toList();
        } catch (IOException e) {
            throw new CheckpointException(folder + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    private static Path only(List<Path> files) {
        if (files.size() > 1) {
            throw new CheckpointException(files.getFirst().getParent() + ": several tokenizers, "
                    + files.stream().map(file -> file.getFileName().toString()).toList() + ", expected one");
        }
        return files.getFirst();
    }
}
