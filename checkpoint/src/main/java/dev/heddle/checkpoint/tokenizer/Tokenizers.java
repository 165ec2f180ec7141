package dev.heddle.checkpoint.tokenizer;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.gguf.GgufFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Finds the tokenizer of a model folder.
public final class Tokenizers {
    private static final Pattern SENTENCE_PIECE = Pattern.compile("(spiece|.*tokenizer)\\.model(\\.v\\d+)?");
    private static final Pattern RWKV = Pattern.compile("rwkv_vocab.*\\.txt");

    private Tokenizers() {
    }

    /// The tokenizer of the model in `folder`, which may also be a GGUF file: `tokenizer.json` (Hugging Face), else `tokenizer.model` or
    /// `spiece.model`, also with a prefix or version suffix (SentencePiece), else `rwkv_vocab*.txt` (RWKV world),
    /// else that in the metadata of the folder's GGUF file. A GGUF file without a tokenizer takes that of its folder.
    /// Special tokens and settings come from `tokenizer_config.json`, `special_tokens_map.json`,
    /// `added_tokens.json`, `generation_config.json` and `config.json` beside it, as far as they are there.
    /// @throws CheckpointException if there is none, more than one of one kind, or it is damaged
    public static Tokenizer load(Path folder) {
        if (GgufFile.isNamed(folder) && Files.isRegularFile(folder)) {
            return loadFile(folder);
        }
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
        return beside(folder).or(() -> GgufFile.in(folder)).orElseThrow(() -> new CheckpointException(folder
                + ": no tokenizer found, expected tokenizer.json, tokenizer.model or rwkv_vocab*.txt"));
    }

    /// The tokenizer file of a folder.
    static Optional<Path> beside(Path folder) {
        Path json = folder.resolve("tokenizer.json");
        if (Files.isRegularFile(json)) {
            return Optional.of(json);
        }
        Path plain = folder.resolve("tokenizer.model");
        List<Path> models = Files.isRegularFile(plain) ? List.of(plain) : matching(folder, SENTENCE_PIECE);
        if (!models.isEmpty()) {
            return Optional.of(only(models));
        }
        List<Path> vocabularies = matching(folder, RWKV);
        return vocabularies.isEmpty() ? Optional.empty() : Optional.of(only(vocabularies));
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
        if (GgufFile.isNamed(file)) {
            return loadGguf(folder, file);
        }
        throw new CheckpointException(file + ": not the name of a tokenizer, expected tokenizer.json, tokenizer.model,"
                + " rwkv_vocab*.txt or *.gguf");
    }

    /// What chat templates call the special tokens of the model in `folder`, which may also be a GGUF file; see
    /// [SpecialTokens#names()].
    public static Map<String, String> specialNames(Path folder) {
        if (!GgufFile.isNamed(folder) || !Files.isRegularFile(folder)) {
            return SpecialTokens.names(folder);
        }
        try (GgufFile gguf = GgufFile.open(folder)) {
            return GgufTokenizers.names(gguf.values());
        }
    }

    private static Tokenizer loadGguf(Path folder, Path file) {
        try (GgufFile gguf = GgufFile.open(file)) {
            if (GgufTokenizers.isIn(gguf.values())) {
                return GgufTokenizers.of(gguf.values());
            }
        }
        return loadFile(beside(folder).orElseThrow(() -> new CheckpointException(file
                + ": holds no tokenizer, and neither does its folder")));
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
