package dev.heddle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A JSON file with a list of lists of token ids.
final class TokenFile {
    private TokenFile() {
    }

    static List<int[]> read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(file + ": no such file");
        }
        JsonNode root = Json.read(file);
        if (!root.isArray() || root.isEmpty()) {
            throw new CheckpointException(file + ": expected a list of lists of token ids, [[1, 2, 3], [4, 5]]");
        }
        List<int[]> sequences = new ArrayList<>();
        for (JsonNode sequence : root) {
            if (!sequence.isArray() || sequence.isEmpty()) {
                throw new CheckpointException(file + ": sequence " + sequences.size()
                        + " is not a list of token ids, or is empty");
            }
            int[] ids = new int[sequence.size()];
            for (int t = 0; t < ids.length; t++) {
                JsonNode id = sequence.get(t);
                if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                    throw new CheckpointException(file + ": sequence " + sequences.size() + ", token " + t + " is " + id
                            + ", expected a whole number");
                }
                ids[t] = id.intValue();
            }
            sequences.add(ids);
        }
        return sequences;
    }

    /// Checks that all ids lie in the vocabulary.
    static void check(Path file, List<int[]> sequences, int vocabulary) {
        for (int s = 0; s < sequences.size(); s++) {
            for (int t = 0; t < sequences.get(s).length; t++) {
                int id = sequences.get(s)[t];
                if (id < 0 || id >= vocabulary) {
                    throw new CheckpointException(file + ": sequence " + s + ", token " + t + " is " + id
                            + ", outside the vocabulary of " + vocabulary);
                }
            }
        }
    }
}
