package dev.heddle.cli;

import dev.heddle.engine.sampling.SamplingOptions;
import picocli.CommandLine.Option;

/// Sampling options under llama.cpp's names. What is not given comes from the model's `generation_config.json`,
/// else from Heddle's defaults.
final class SamplingFlags {
    @Option(names = {"--temp", "--temperature"}, paramLabel = "T", description = "temperature; 0 is greedy")
    Double temperature;

    @Option(names = "--top-k", paramLabel = "K", description = "keep the K most likely tokens; 0 keeps all")
    Integer topK;

    @Option(names = "--top-p", paramLabel = "P", description = "keep the likeliest tokens that reach probability P together")
    Double topP;

    @Option(names = "--min-p", paramLabel = "P", description = "keep tokens at least P times as likely as the likeliest")
    Double minP;

    @Option(names = {"--repeat-penalty", "--repetition-penalty"}, paramLabel = "R", description = "penalty of recent tokens; 1 is none")
    Double repeatPenalty;

    @Option(names = "--presence-penalty", paramLabel = "X", description = "subtracted from the logits of recent tokens")
    Double presencePenalty;

    @Option(names = "--frequency-penalty", paramLabel = "X", description = "subtracted for each recent occurrence")
    Double frequencyPenalty;

    @Option(names = "--repeat-last-n", paramLabel = "N", description = "tokens that count as recent; -1 for all")
    Integer repeatLastN;

    @Option(names = "--greedy", description = "always the most likely token; no sampling")
    boolean greedy;

    @Option(names = {"--seed", "-s"}, paramLabel = "N", description = "seed of the sampling; default random")
    Long seed;

    /// The options given, and for the rest those of the model.
    SamplingOptions options(SamplingOptions model) {
        if (greedy && temperature != null && temperature != 0) {
            throw new UsageException("--greedy and --temp " + temperature + " contradict each other");
        }
        SamplingOptions base = greedy ? SamplingOptions.GREEDY : model;
        try {
            return new SamplingOptions(or(temperature, base.temperature()), topK != null ? topK : base.topK(),
                    or(topP, base.topP()), or(minP, base.minP()), or(repeatPenalty, base.repeatPenalty()),
                    or(presencePenalty, base.presencePenalty()), or(frequencyPenalty, base.frequencyPenalty()),
                    repeatLastN != null ? repeatLastN : base.repeatLastN());
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    long seed() {
        return seed != null ? seed : System.nanoTime() ^ ProcessHandle.current().pid();
    }

    private static double or(Double given, double fallback) {
        return given != null ? given : fallback;
    }
}
