package dev.heddle.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.Backend;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.measure.Perplexity;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle perplexity`: how well a model predicts a text, and what a smaller type costs.
@Command(name = "perplexity", mixinStandardHelpOptions = true,
        description = {"Measure how well a model predicts a text, and how far it is from another one.",
            "The text is cut into windows of -c tokens, each read from an empty state; the predictions of the second half of "
                    + "each window count, as in llama.cpp."},
        footer = {"", "Example: heddle perplexity model-q4_K_M.gguf --file text.txt --kl-base ./model"})
final class PerplexityCommand implements Callable<Integer> {
    private static final int LEAST_WINDOW = 4;

    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "MODEL", arity = "0..1", defaultValue = "", description = "the model; default the bundled one")
    String model;

    @Option(names = {"--file", "-f"}, required = true, paramLabel = "TEXT", description = "the text, a UTF-8 file")
    Path file;

    @Option(names = {"--window", "-c"}, paramLabel = "N", defaultValue = "512",
            description = "tokens of a window; default ${DEFAULT-VALUE}")
    int window;

    @Option(names = "--windows", paramLabel = "N", description = "measure the first N windows only")
    Integer most;

    @Option(names = "--kl-base", paramLabel = "MODEL",
            description = "also measure the divergence from this model's predictions and how often the most probable tokens agree")
    String base;

    @Option(names = "--json", description = "print JSON")
    boolean json;

    @Mixin
    StateOptions stateOptions;

    @Mixin
    BackendOptions backendOptions;

    @Override
    public Integer call() {
        if (window < LEAST_WINDOW) {
            throw new UsageException("-c must be at least " + LEAST_WINDOW + ", not " + window);
        }
        if (most != null && most < 1) {
            throw new UsageException("--windows must be at least 1, not " + most);
        }
        String text = text();
        PrintWriter err = spec.commandLine().getErr();
        try (Backend backend = backendOptions.open(err); Checkpoint checkpoint = Checkpoint.open(ModelArgument.folder(model));
                LanguageModel language = LanguageModel.load(checkpoint, backend, stateOptions.types())) {
            int[] tokens;
            Optional<Integer> begin;
            try (Tokenizer tokenizer = Tokenizers.load(checkpoint.folder())) {
                tokens = tokenizer.encode(text, true);
                // a text that is not empty begins with the same token as an empty one, if the tokenizer adds any
                int[] empty = tokenizer.encode("", true);
                begin = empty.length > 0 && tokenizer.special().bos().isPresent() && empty[0] == tokenizer.special().bos().getAsInt()
                        ? Optional.of(empty[0]) : Optional.empty();
            }
            Perplexity perplexity = new Perplexity(window);
            int windows = perplexity.windows(tokens.length);
            if (windows == 0) {
                throw new CheckpointException(file + ": " + tokens.length + " tokens, less than one window of " + window
                        + "; use a longer text or a smaller -c");
            }
            int count = most == null ? windows : Math.min(most, windows);
            int[] used = Arrays.copyOf(tokens, count * window);
            print(base == null ? measure(perplexity, language, Optional.empty(), used, begin)
                    : beside(perplexity, language, backend, used, begin));
        }
        return 0;
    }

    private String text() {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file + ": no such file", e);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file + ": is no UTF-8 text", e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private Perplexity.Result beside(Perplexity perplexity, LanguageModel language, Backend backend, int[] tokens,
            Optional<Integer> begin) {
        try (Checkpoint checkpoint = Checkpoint.open(ModelArgument.folder(base));
                LanguageModel reference = LanguageModel.load(checkpoint, backend)) {
            if (reference.spec().vocabulary() != language.spec().vocabulary()) {
                throw new CheckpointException(base + ": a vocabulary of " + reference.spec().vocabulary() + " tokens, the model has "
                        + language.spec().vocabulary() + "; their predictions cannot be compared");
            }
            return measure(perplexity, language, Optional.of(reference), tokens, begin);
        }
    }

    private Perplexity.Result measure(Perplexity perplexity, LanguageModel language, Optional<LanguageModel> reference, int[] tokens,
            Optional<Integer> begin) {
        int vocabulary = language.spec().vocabulary();
        for (int id : tokens) {
            if (id >= vocabulary) {
                throw new CheckpointException("the tokenizer gives token " + id + ", the model has " + vocabulary);
            }
        }
        long start = System.nanoTime();
        try (ProgressLine line = new ProgressLine(spec.commandLine().getErr())) {
            return perplexity.measure(language, reference, tokens, begin, (done, of, soFar) -> {
                double seconds = (System.nanoTime() - start) / 1e9;
                line.text(String.format(Locale.ROOT, "window %d of %d  perplexity %.4f  %.0f tok/s%s", done, of, soFar.perplexity(),
                        done * window / seconds, done < of ? "  " + ProgressLine.duration(seconds / done * (of - done)) + " left" : ""),
                        done == of);
            });
        }
    }

    private void print(Perplexity.Result result) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode node = Json.object().put("perplexity", result.perplexity()).put("perplexity_error", result.perplexityError())
                    .put("nats", result.mean()).put("nats_error", result.error()).put("predictions", result.predictions())
                    .put("windows", result.windows()).put("window", window);
            if (base != null) {
                node.put("base_perplexity", Math.exp(result.baseMean())).put("kl_divergence", result.divergence())
                        .put("kl_divergence_error", result.divergenceError()).put("top1_agreement", result.agreement());
            }
            out.println(node.toPrettyString());
            return;
        }
        out.printf(Locale.ROOT, "perplexity %.4f ± %.4f (%d predictions in %d windows of %d tokens)%n", result.perplexity(),
                result.perplexityError(), result.predictions(), result.windows(), window);
        if (base != null) {
            out.printf(Locale.ROOT, "base model's perplexity %.4f%n", Math.exp(result.baseMean()));
            out.printf(Locale.ROOT, "KL divergence %.6f ± %.6f nats; the most probable tokens agree in %.2f %%%n", result.divergence(),
                    result.divergenceError(), 100 * result.agreement());
        }
    }
}
