package dev.heddle.engine.measure;

import dev.heddle.core.model.Model;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.Generator;
import dev.heddle.engine.LanguageModel;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;

/// Measures a model like llama-bench does: prefill of a prompt of random tokens and decoding one token at a time,
/// each several times after a warm-up.
public final class Throughput {
    private final LanguageModel model;
    private final SplittableRandom random = new SplittableRandom(1);

    public Throughput(LanguageModel model) {
        this.model = model;
    }

    /// Seconds of each of `rounds` prefills of `tokens` tokens.
    public double[] prefill(int tokens, int rounds) {
        double[] seconds = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            try (SequenceState sequence = model.open()) {
                int[] ids = ids(tokens);
                long start = System.nanoTime();
                feed(sequence, ids);
                seconds[round] = (System.nanoTime() - start) * 1e-9;
            }
        }
        return seconds;
    }

    /// Seconds of each of `rounds` decodes of `tokens` tokens after `depth` tokens of context and, if there is one, as many tokens
    /// that are not measured.
    public double[] decode(int tokens, int depth, int rounds) {
        double[] seconds = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            try (SequenceState sequence = model.open()) {
                if (depth > 0) {
                    feed(sequence, ids(depth));
                    step(sequence, tokens); // a long context has code of its own, which is compiled now
                }
                long start = System.nanoTime();
                step(sequence, tokens);
                seconds[round] = (System.nanoTime() - start) * 1e-9;
            }
        }
        return seconds;
    }

    private void step(SequenceState sequence, int tokens) {
        for (int t = 0; t < tokens; t++) {
            model.lastLogits(List.of(sequence), List.of(ids(1)));
        }
    }

    private void feed(SequenceState sequence, int[] ids) {
        for (int from = 0; from < ids.length; from += Generator.PREFILL) {
            int[] piece = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + Generator.PREFILL));
            if (from + piece.length == ids.length) {
                model.lastLogits(List.of(sequence), List.of(piece));
            } else {
                model.feed(List.of(sequence), List.of(piece));
            }
        }
    }

    private int[] ids(int count) {
        return random.ints(count, 0, model.spec().vocabulary()).toArray();
    }

    /// Bytes of weights a decode step reads: every matrix once, experts as often as they are chosen, the embedding
    /// only where it is also the head.
    public static long decodeBytes(Model model) {
        return weighted(model, tensor -> tensor.bytes());
    }

    /// Floating-point operations of the matrix products for one token: two for each weight used.
    public static long tokenFlops(Model model) {
        return 2 * weighted(model, Tensor::elements);
    }

    private static long weighted(Model model, ToLongFunction<Tensor> size) {
        long sum = 0;
        for (Map.Entry<String, Tensor> entry : model.parameters().entrySet()) {
            boolean onlyLooked = entry.getKey().equals("embedding.weight") && !model.spec().head().tied();
            if (!onlyLooked) {
                sum += Math.round(size.applyAsLong(entry.getValue()) * model.activeShare(entry.getKey()));
            }
        }
        return sum;
    }
}
