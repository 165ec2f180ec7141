package dev.heddle.checkpoint.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.heddle.checkpoint.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedSet;
import java.util.function.Function;

/// The tokens with a meaning of their own.
///
/// @param bos begins a sequence
/// @param eos any of them ends generation; the tokenizer's own comes first
/// @param pad fills up batches
/// @param names what chat templates know them as: `bos_token` → `<s>` and so on, only those that the files name
public record SpecialTokens(OptionalInt bos, SequencedSet<Integer> eos, OptionalInt pad, Map<String, String> names) {
    private static final List<String> TEMPLATE_NAMES = List.of("bos_token", "eos_token", "unk_token", "sep_token",
            "pad_token", "cls_token", "mask_token");

    public SpecialTokens {
        eos = Collections.unmodifiableSequencedSet(new LinkedHashSet<>(eos));
        names = Collections.unmodifiableMap(new LinkedHashMap<>(names));
    }

    /// What a vocabulary knows of itself, before any file beside it is read.
    ///
    /// @param names as in [SpecialTokens#names]
    record Defaults(OptionalInt bos, OptionalInt eos, OptionalInt pad, Map<String, String> names) {
        static Defaults none() {
            return new Defaults(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), Map.of());
        }
    }

    /// The names that the files in `folder` give to special tokens, as in [#names()].
    public static Map<String, String> names(Path folder) {
        return names(optional(folder.resolve("tokenizer_config.json")),
                optional(folder.resolve("special_tokens_map.json")), Map.of());
    }

    private static Map<String, String> names(JsonNode tokenizerConfig, JsonNode map, Map<String, String> defaults) {
        Map<String, String> names = new LinkedHashMap<>();
        for (String name : TEMPLATE_NAMES) {
            for (JsonNode source : List.of(tokenizerConfig, map)) {
                text(source.path(name)).ifPresent(text -> names.putIfAbsent(name, text));
            }
            if (defaults.containsKey(name) && !tokenizerConfig.has(name)) {
                names.putIfAbsent(name, defaults.get(name));
            }
        }
        return names;
    }

    /// Gathers them for the model in `folder`. Names come from `tokenizer_config.json`, then
    /// `special_tokens_map.json`, then `defaults`. The begin and padding ids are those of the names, else those of
    /// `generation_config.json`, else of `config.json`. Generation ends at the named token and at each that
    /// `generation_config.json` lists; `config.json` counts only if neither says anything.
    ///
    /// @param id the id of a token's exact text
    static SpecialTokens read(Path folder, Defaults defaults, Function<String, OptionalInt> id) {
        JsonNode tokenizerConfig = optional(folder.resolve("tokenizer_config.json"));
        JsonNode map = optional(folder.resolve("special_tokens_map.json"));
        JsonNode generation = optional(folder.resolve("generation_config.json"));
        JsonNode config = optional(folder.resolve("config.json"));

        Map<String, String> names = names(tokenizerConfig, map, defaults.names());
        SequencedSet<Integer> eos = new LinkedHashSet<>();
        named(names, "eos_token", id).or(() -> boxed(defaults.eos())).ifPresent(eos::add);
        eos.addAll(ids(generation, "eos_token_id"));
        if (eos.isEmpty()) {
            eos.addAll(ids(config, "eos_token_id"));
        }
        return new SpecialTokens(
                single("bos", names, id, defaults.bos(), generation, config), eos,
                single("pad", names, id, defaults.pad(), generation, config), names);
    }

    /// The document in `file`, or a missing node if there is no such file.
    static JsonNode optional(Path file) {
        return Files.isRegularFile(file) ? Json.readObject(file) : MissingNode.getInstance();
    }

    /// A token's text, which files write either as a string or as an object with `content`.
    static Optional<String> text(JsonNode node) {
        JsonNode content = node.isObject() ? node.path("content") : node;
        return content.isTextual() ? Optional.of(content.textValue()) : Optional.empty();
    }

    private static OptionalInt single(String what, Map<String, String> names, Function<String, OptionalInt> id,
            OptionalInt fallback, JsonNode generation, JsonNode config) {
        return named(names, what + "_token", id)
                .or(() -> boxed(fallback))
                .or(() -> ids(generation, what + "_token_id").stream().findFirst())
                .or(() -> ids(config, what + "_token_id").stream().findFirst())
                .map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    private static Optional<Integer> named(Map<String, String> names, String name,
            Function<String, OptionalInt> id) {
        return names.containsKey(name) ? boxed(id.apply(names.get(name))) : Optional.empty();
    }

    private static Optional<Integer> boxed(OptionalInt id) {
        return id.isPresent() ? Optional.of(id.getAsInt()) : Optional.empty();
    }

    /// The ids in a field that may be a number, a list of numbers or absent; -1 is how some files write "none".
    private static SequencedSet<Integer> ids(JsonNode source, String field) {
        SequencedSet<Integer> ids = new LinkedHashSet<>();
        JsonNode node = source.path(field);
        if (node.isMissingNode()) {
            node = source.path("text_config").path(field);
        }
        for (JsonNode item : node.isArray() ? node : List.of(node)) {
            if (item.isIntegralNumber() && item.canConvertToInt() && item.intValue() >= 0) {
                ids.add(item.intValue());
            }
        }
        return ids;
    }
}
