package dev.heddle.checkpoint.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.json.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Finds the [PreTokenizer] that cuts texts as a `tokenizer.json` does.
final class PreTokenizerNames {
    private static final String GPT2 = PreTokenizer.GPT2.expressions().getFirst();

    private PreTokenizerNames() {
    }

    /// The name for a GGUF file; nothing if there is none.
    static Optional<String> of(JsonNode tokenizer) {
        Optional<Boolean> composed = composes(tokenizer.path("normalizer"));
        Optional<List<String>> cuts = cuts(tokenizer.path("pre_tokenizer"));
        boolean whole = tokenizer.path("model").path("ignore_merges").asBoolean(false);
        if (composed.isEmpty() || cuts.isEmpty()) {
            return Optional.empty();
        }
        return Arrays.stream(PreTokenizer.values()).filter(kind -> kind.composed() == composed.get() && kind.wholeWords() == whole
                && kind.expressions().stream().map(PreTokenizerNames::plain).toList().equals(cuts.get())).findFirst()
                .map(PreTokenizer::label);
    }

    /// Whether a normalizer composes characters; empty if it does anything else.
    private static Optional<Boolean> composes(JsonNode normalizer) {
        if (normalizer.isNull() || normalizer.isMissingNode()) {
            return Optional.of(false);
        }
        if (normalizer.path("type").asText().equals("Sequence")) {
            JsonNode steps = normalizer.path("normalizers");
            return steps.size() == 1 ? composes(steps.get(0)) : steps.isEmpty() ? Optional.of(false) : Optional.empty();
        }
        return normalizer.path("type").asText().equals("NFC") ? Optional.of(true) : Optional.empty();
    }

    /// The expressions of a pre-tokenizer that works on bytes in the end; empty if it does anything else.
    private static Optional<List<String>> cuts(JsonNode preTokenizer) {
        JsonNode steps = preTokenizer.path("type").asText().equals("Sequence") ? preTokenizer.path("pretokenizers")
                : Json.mapper().createArrayNode().add(preTokenizer);
        List<String> expressions = new ArrayList<>();
        boolean bytes = false;
        for (JsonNode step : steps) {
            String type = step.path("type").asText();
            if (type.equals("ByteLevel") && !step.path("add_prefix_space").asBoolean(true)) {
                bytes = true;
                if (step.path("use_regex").asBoolean(true)) {
                    expressions.add(plain(GPT2));
                }
            } else if (type.equals("Digits") && step.path("individual_digits").asBoolean()) {
                expressions.add("\\p{N}");
            } else if (type.equals("Split") && cutsAtMatches(step)) {
                expressions.add(plain(step.path("pattern").path("Regex").asText()));
            } else {
                return Optional.empty();
            }
        }
        return bytes ? Optional.of(expressions) : Optional.empty();
    }

    private static boolean cutsAtMatches(JsonNode split) {
        boolean invert = split.path("invert").asBoolean();
        return split.path("pattern").has("Regex") && split.path("behavior").asText().equals(invert ? "Removed" : "Isolated");
    }

    /// One way to write what has two.
    private static String plain(String expression) {
        return expression.replace("[\\p{L}]", "\\p{L}").replaceFirst("\\Q|\\s+(?!\\S)|\\s+\\E$", "|\\\\s+(?!\\\\S)");
    }
}
