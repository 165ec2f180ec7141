package dev.heddle.engine.sampling;

/// How the next token is chosen. The steps run in llama.cpp's order: penalties, top-k, top-p, min-p, temperature.
///
/// @param temperature      divides the logits; 0 takes the most likely token always
/// @param topK             keeps the k most likely tokens; 0 keeps all
/// @param topP             keeps the most likely tokens whose probabilities reach p together; 1 keeps all
/// @param minP             keeps tokens at least this share as likely as the most likely one; 0 keeps all
/// @param repeatPenalty    divides positive and multiplies negative logits of recent tokens (Keskar et al. 2019); 1 for none
/// @param presencePenalty  subtracted once from the logits of recent tokens
/// @param frequencyPenalty subtracted for every recent occurrence
/// @param repeatLastN      how many tokens count as recent; −1 for all
public record SamplingOptions(double temperature, int topK, double topP, double minP, double repeatPenalty,
        double presencePenalty, double frequencyPenalty, int repeatLastN) {
    public static final SamplingOptions GREEDY = new SamplingOptions(0, 0, 1, 0, 1, 0, 0, 64);
    public static final SamplingOptions DEFAULT = new SamplingOptions(0.8, 40, 0.95, 0.05, 1, 0, 0, 64);

    public SamplingOptions {
        check("temperature", temperature, temperature >= 0 && Double.isFinite(temperature), "0 or more");
        check("top-k", topK, topK >= 0, "0 or more");
        check("top-p", topP, topP > 0 && topP <= 1, "above 0 and at most 1");
        check("min-p", minP, minP >= 0 && minP < 1, "at least 0 and below 1");
        check("repetition penalty", repeatPenalty, repeatPenalty > 0 && Double.isFinite(repeatPenalty), "above 0");
        check("presence penalty", presencePenalty, Double.isFinite(presencePenalty), "a number");
        check("frequency penalty", frequencyPenalty, Double.isFinite(frequencyPenalty), "a number");
        check("repeat-last-n", repeatLastN, repeatLastN >= -1, "−1 or more");
    }

    private static void check(String what, double value, boolean valid, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(what + " must be " + expected + ", not "
                    + (value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value)));
        }
    }

    public boolean isGreedy() {
        return temperature == 0;
    }

    private boolean hasPenalties() {
        return repeatPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0;
    }

    /// Whether recent tokens change the choice.
    public boolean penalises() {
        return hasPenalties() && repeatLastN != 0;
    }
}
