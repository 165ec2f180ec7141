package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which of the files of a checkpoint folder, on disk or on the hub, hold its weights.
///
/// The first of these counts: `model.safetensors`, `model.safetensors.index.json`, another
/// `*.safetensors.index.json`, the only `*.safetensors` (or a complete set `…-00001-of-0000N.safetensors`),
/// `pytorch_model.bin`, `pytorch_model.bin.index.json`, another `*.bin.index.json`, the only `*.bin`, `*.pth` or
/// `*.pt` (or a complete set of one of them), the only `*.gguf`. Optimizer state, training arguments and adapters do not count.
///
/// @param index the index that says which file holds which tensor, if there is one
/// @param files the weight files; with an index, those that are named after it
public record WeightFiles(Optional<String> index, List<String> files) {
    private static final Pattern SHARD = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})(\\.[a-z]+)");
    /// What training leaves beside the weights in the same file format, and parts of models that see.
    private static final Pattern OTHER_USE = Pattern.compile(
            "(training_args|optimizer|scheduler|scaler|rng_state.*|random_states.*|adapter_model)\\.(bin|pt|pth|safetensors)"
                    + "|mmproj.*\\.gguf");
    private static final String INDEX = ".index.json";

    public WeightFiles {
        files = List.copyOf(files);
    }

    /// Chooses among the files `names` of one folder; `where` names it in errors.
    /// @throws CheckpointException if there are none, too many to choose from, or some of a set are missing
    public static WeightFiles choose(String where, Collection<String> names) {
        List<String> sorted = names.stream().filter(WeightFiles::isWeightFileOrIndex).sorted().toList();
        for (List<String> kind : List.of(List.of(".safetensors", "model.safetensors"), List.of(".bin", "pytorch_model.bin"),
                List.of(".pth", ""), List.of(".pt", ""), List.of(".gguf", ""))) {
            Optional<WeightFiles> chosen = choose(where, sorted, kind.get(0), kind.get(1));
            if (chosen.isPresent()) {
                return chosen.get();
            }
        }
        throw new CheckpointException(where + ": no weights (.safetensors, .bin, .pth or .pt) in this folder"
                + (names.isEmpty() ? ", which is empty" : "; it holds " + shorten(names.stream().sorted().toList())));
    }

    /// The GGUF files among `names`, a set of several or one, whose name ends with a type such as `Q4_K_M` in any case.
    /// @throws CheckpointException if there are none, with the types there are, or several models have that type
    public static List<String> gguf(String where, Collection<String> names, String type) {
        Pattern stem = Pattern.compile("(.*[-._/])?" + Pattern.quote(type) + "(-\\d{5}-of-\\d{5})?\\.gguf", Pattern.CASE_INSENSITIVE);
        List<String> files = names.stream().filter(name -> stem.matcher(name).matches()).sorted().toList();
        if (!files.isEmpty()) {
            return oneOrShards(where, files);
        }
        List<String> known = names.stream().filter(name -> name.endsWith(".gguf")).sorted().toList();
        throw new CheckpointException(where + ": no GGUF file of type " + type + (known.isEmpty() ? " nor of any other"
                : "; there are " + shorten(known)));
    }

    /// True for files in a format that weights are published in, whatever they are used for, and for their indexes.
    public static boolean isWeightFileOrIndex(String name) {
        String file = name.endsWith(INDEX) ? name.substring(0, name.length() - INDEX.length()) : name;
        return (file.endsWith(".safetensors") || file.endsWith(".bin") || file.endsWith(".pth") || file.endsWith(".pt")
                || file.endsWith(".gguf")) && !OTHER_USE.matcher(file).matches() && !name.startsWith(".");
    }

    private static Optional<WeightFiles> choose(String where, List<String> names, String extension, String first) {
        if (names.contains(first)) {
            return Optional.of(new WeightFiles(Optional.empty(), List.of(first)));
        }
        Optional<String> index = preferred(where, names, first + INDEX, name -> name.endsWith(extension + INDEX));
        List<String> files = names.stream().filter(name -> name.endsWith(extension)).toList();
        if (index.isPresent()) {
            return Optional.of(new WeightFiles(index, ofIndex(index.get(), extension, files)));
        }
        return files.isEmpty() ? Optional.empty()
                : Optional.of(new WeightFiles(Optional.empty(), oneOrShards(where, files)));
    }

    private static List<String> ofIndex(String index, String extension, List<String> files) {
        String stem = index.substring(0, index.length() - INDEX.length() - extension.length());
        List<String> shards = files.stream().filter(name -> {
            Matcher shard = SHARD.matcher(name);
            return shard.matches() && shard.group(1).equals(stem);
        }).toList();
        return shards.isEmpty() ? files : shards;
    }

    private static Optional<String> preferred(String where, List<String> names, String first, Predicate<String> kind) {
        List<String> candidates = names.stream().filter(kind).toList();
        if (candidates.contains(first)) {
            return Optional.of(first);
        }
        if (candidates.size() > 1) {
            throw ambiguous(where, candidates);
        }
        return candidates.stream().findFirst();
    }

    private static List<String> oneOrShards(String where, List<String> names) {
        Matcher first = SHARD.matcher(names.get(0));
        if (!first.matches()) {
            if (names.size() > 1) {
                throw ambiguous(where, names);
            }
            return names;
        }
        int count = Integer.parseInt(first.group(3));
        for (int i = 0; i < names.size(); i++) {
            Matcher shard = SHARD.matcher(names.get(i));
            if (!shard.matches() || !shard.group(1).equals(first.group(1)) || !shard.group(3).equals(first.group(3))) {
                throw ambiguous(where, names);
            }
            if (Integer.parseInt(shard.group(2)) != i + 1) {
                throw new CheckpointException(where + ": weight file " + (i + 1) + " of " + count
                        + " is missing; the download may be incomplete");
            }
        }
        if (names.size() != count) {
            throw new CheckpointException(where + ": holds " + names.size() + " of " + count
                    + " weight files; the download may be incomplete");
        }
        return names;
    }

    private static CheckpointException ambiguous(String where, List<String> candidates) {
        return new CheckpointException(where + ": several weight files (" + shorten(candidates)
                + ") and no index that orders them; name the one to open"
                + (candidates.getFirst().endsWith(".gguf") ? ", on the hub by its type as in owner/name:Q4_K_M" : ""));
    }

    private static String shorten(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(8, names.size()))) + (names.size() > 8 ? ", …" : "");
    }
}
