package dev.heddle.checkpoint.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// How a GGUF file's byte-level BPE cuts a text into words before merging, which the file tells by a name alone
/// (`tokenizer.ggml.pre`). The expressions are those of the tokenizers that the names come from.
///
/// Names are listed for the models of the architectures that are read; some stand for expressions that others share.
enum PreTokenizer {
    /// GPT-2 and what shares its expression.
    GPT2(false, false, List.of("gpt-2", "phi-2", "jais", "trillion", "granite-docling", "exaone4", "gigachat", "mellum",
            "a.x-4.0", "modern-bert", "roberta-bpe"), Pattern.GPT2),
    /// GPT-NeoX, MPT, OLMo and Mamba, whose texts are composed (NFC) first.
    NEOX(true, false, List.of("mpt", "olmo"), Pattern.GPT2),
    /// Digits one by one, then GPT-2 (StarCoder, Granite).
    DIGITS(false, false, List.of("starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"),
            "\\p{N}", Pattern.GPT2),
    /// Llama 3, Falcon-H1, LFM2.
    LLAMA3(false, true, List.of("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
            "jina-v5-nano"), Pattern.words("\\p{L}", "\\p{N}{1,3}")),
    /// The same with merges obeyed even where a word is a token (GPT-4, DBRX, Granite 4).
    GPT4(false, false, List.of("dbrx", "smaug-bpe", "glm4", "chatglm-bpe"), Pattern.words("\\p{L}", "\\p{N}{1,3}")),
    QWEN2(true, false, List.of("qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "hunyuan", "solar-open", "grok-2", "kormo"),
            Pattern.words("\\p{L}", "\\p{N}")),
    QWEN35(false, false, List.of("qwen35"), Pattern.words("\\p{L}\\p{M}", "\\p{N}")),
    /// Mistral NeMo and Nemotron.
    TEKKEN(false, true, List.of("tekken"), Pattern.cased("", "\\p{N}")),
    GPT4O(false, false, List.of("gpt-4o", "llama4", "kanana2", "minimax-m2"),
            Pattern.cased("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "\\p{N}{1,3}")),
    /// Falcon and Falcon-Mamba.
    FALCON(false, false, List.of("falcon"), "[\\p{P}\\$\\+<=>\\^~\\|`]+", Pattern.GPT2, "[0-9][0-9][0-9]"),
    /// What a file without a name means.
    DEFAULT(false, false, List.of("default", ""), "[\\p{P}\\$\\+<=>\\^~\\|]+", Pattern.GPT2, "\\p{N}+", "[0-9][0-9][0-9]");

    private static final class Pattern {
        static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
        private static final String REST = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

        /// English contractions, words with the character before them, numbers, other characters, space.
        static String words(String letters, String numbers) {
            return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[" + letters + "]+|" + numbers + "| ?[^\\s" + letters
                    + "\\p{N}]+[\\r\\n]*" + REST;
        }

        /// Words that begin anew where lower case turns into upper case.
        static String cased(String contraction, String numbers) {
            String upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
            String lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
            String before = "[^\\r\\n\\p{L}\\p{N}]?";
            return before + upper + "*" + lower + "+" + contraction + "|" + before + upper + "+" + lower + "*" + contraction + "|"
                    + numbers + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + REST;
        }
    }

    private final boolean composed;
    private final boolean wholeWords;
    private final List<String> names;
    private final List<String> expressions;

    PreTokenizer(boolean composed, boolean wholeWords, List<String> names, String... expressions) {
        this.composed = composed;
        this.wholeWords = wholeWords;
        this.names = names;
        this.expressions = List.of(expressions);
    }

    static Optional<PreTokenizer> named(String name) {
        return Arrays.stream(values()).filter(kind -> kind.names.contains(name)).findFirst();
    }

    /// All names, to be shown.
    static List<String> allNames() {
        return Arrays.stream(values()).flatMap(kind -> kind.names.stream()).filter(name -> !name.isEmpty()).sorted().toList();
    }

    /// Whether a word that is a token is that token, whatever the merges say.
    boolean wholeWords() {
        return wholeWords;
    }

    /// The name it is written under.
    String label() {
        return names.getFirst();
    }

    /// Whether texts are composed (NFC) first.
    boolean composed() {
        return composed;
    }

    /// What cuts a text, one after the other.
    List<String> expressions() {
        return expressions;
    }

    /// `normalizer`, `pre_tokenizer` and `decoder` of a `tokenizer.json`.
    ObjectNode describe() {
        ObjectNode tokenizer = Json.object();
        if (composed) {
            tokenizer.putObject("normalizer").put("type", "NFC");
        } else {
            tokenizer.putNull("normalizer");
        }
        ArrayNode steps = tokenizer.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        for (String expression : expressions) {
            ObjectNode step = steps.addObject().put("type", "Split").put("behavior", "Isolated").put("invert", false);
            step.set("pattern", Json.object().put("Regex", expression));
        }
        byteLevel(steps.addObject());
        byteLevel(tokenizer.putObject("decoder"));
        return tokenizer;
    }

    private static void byteLevel(ObjectNode node) {
        node.put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", true).put("use_regex", false);
    }
}
