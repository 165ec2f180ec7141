package dev.heddle.engine;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.state.SequenceState;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/// A program that prints a digest of a checkpoint's logits, for a comparison of JVMs in different modes.
///
/// Arguments: folder, prefilled tokens, decoded tokens, repetitions. One line for each repetition.
final class BitsProbe {
    private BitsProbe() {
    }

    public static void main(String[] args) {
        int prefill = Integer.parseInt(args[1]);
        int decode = Integer.parseInt(args[2]);
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(args[0])); CpuBackend backend = CpuBackend.best();
                LanguageModel model = LanguageModel.load(checkpoint, backend)) {
            for (int repetition = 0; repetition < Integer.parseInt(args[3]); repetition++) {
                System.out.println(Long.toHexString(digest(model, prefill, decode)));
            }
        }
    }

    /// A digest of the bits of all logits of `prefill` random tokens and then `decode` more, one by one.
    static long digest(LanguageModel model, int prefill, int decode) {
        int[] ids = ids(model, prefill + decode, 7);
        long hash = 0;
        try (SequenceState sequence = model.open()) {
            hash = digest(hash, model.allLogits(List.of(sequence), List.of(java.util.Arrays.copyOf(ids, prefill))));
            for (int t = prefill; t < ids.length; t++) {
                hash = digest(hash, model.allLogits(List.of(sequence), List.of(new int[] {ids[t]})));
            }
        }
        return hash;
    }

    static int[] ids(LanguageModel model, int count, long seed) {
        return new SplittableRandom(seed).ints(count, 3, model.spec().vocabulary()).toArray();
    }

    private static long digest(long hash, float[] values) {
        long h = hash;
        for (float value : values) {
            h = h * 0x9E3779B97F4A7C15L + Float.floatToRawIntBits(value);
            h ^= h >>> 29;
        }
        return h;
    }
}
