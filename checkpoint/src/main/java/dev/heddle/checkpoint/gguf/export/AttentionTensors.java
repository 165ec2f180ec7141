package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.RopeScaling;

/// Attention layers as llama.cpp's architectures store them.
///
/// Some architectures rotate the pairs (0,1), (2,3) … of a head where published checkpoints rotate (0, d/2), (1, d/2+1) …;
/// the rows of their query and key projections are reordered so that the same numbers meet.
final class AttentionTensors {
    private AttentionTensors() {
    }

    /// Grouped-query softmax attention over all positions, and nothing beyond it. A window as long as the context is none.
    static void requirePlain(AttentionSpec spec, ModelSpec model) {
        Unsuitable.unless(spec.valueDim() == spec.headDim(), "values as wide as keys");
        Unsuitable.unless(spec.inputWidth() == 0 && spec.adapterRank() == 0 && spec.convolution() == 0
                && spec.differential().isNone() && spec.outputProjection()
                && spec.keyValues() instanceof AttentionSpec.KeyValueSource.Own, "plain attention");
        boolean wide = spec.window() == 0 || model.context() > 0 && spec.window() >= model.context();
        Unsuitable.unless(wide && spec.sinks() == 0, "attention without a window");
        Unsuitable.unless(spec.softcap() == 0, "attention without a soft cap");
    }

    static void requireUsualScale(AttentionSpec spec) {
        Unsuitable.unless(spec.scale() == 0 || Math.abs(spec.scale() * Math.sqrt(spec.headDim()) - 1) < 1e-6,
                "attention scores divided by the root of the head's width");
    }

    /// Norms of each query and key head, with the ε of all norms.
    static void requireHeadNorm(AttentionSpec spec, NormSpec norm) {
        Unsuitable.unless(spec.queryKeyNorm().equals(norm) && spec.queryKeySpan() == AttentionSpec.Span.HEAD,
                "norms of query and key heads like all others");
    }

    static void counts(Draft draft, AttentionSpec spec) {
        draft.number("attention.head_count", spec.heads());
        draft.number("attention.key_length", spec.headDim());
        draft.number("attention.value_length", spec.valueDim());
    }

    /// The rotation: base, rotated dimensions, scaling. Returns whether a tensor of factors is needed for the scaling.
    static boolean rotation(Draft draft, AttentionSpec spec) {
        if (!(spec.position() instanceof PositionSpec.Rotary rotary)) {
            throw new Unsuitable("needs rotary positions");
        }
        Unsuitable.unless(!rotary.interleaved(), "rotated pairs half a head apart");
        draft.number("rope.dimension_count", rotary.dimensions());
        draft.real("rope.freq_base", rotary.theta());
        return switch (rotary.scaling()) {
            case RopeScaling.None _ -> false;
            case RopeScaling.Linear(double factor) -> {
                draft.text("rope.scaling.type", "linear");
                draft.real("rope.scaling.factor", factor);
                yield false;
            }
            case RopeScaling.Yarn yarn -> {
                Unsuitable.unless(Math.abs(yarn.attentionFactor() - (0.1 * Math.log(yarn.factor()) + 1)) < 1e-6
                        && yarn.betaFast() == 32 && yarn.betaSlow() == 1, "YaRN with its usual settings");
                draft.text("rope.scaling.type", "yarn");
                draft.real("rope.scaling.factor", yarn.factor());
                draft.number("rope.scaling.original_context_length", yarn.originalContext());
                yield false;
            }
            case RopeScaling.Llama3 _ -> true;
            default -> throw new Unsuitable("needs a known scaling of rotary positions, not "
                    + rotary.scaling().getClass().getSimpleName());
        };
    }

    /// The factors by which the frequencies are divided.
    static void factors(Draft draft, PositionSpec.Rotary rotary) {
        float[] plain = RopeScaling.NONE.frequencies(rotary.theta(), rotary.dimensions());
        float[] scaled = rotary.scaling().frequencies(rotary.theta(), rotary.dimensions());
        float[] factors = new float[plain.length];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = plain[i] / scaled[i];
        }
        draft.root().write("rope_freqs.weight", new long[] {factors.length}, Part.constant(factors));
    }

    /// @param adjacent whether the architecture rotates adjacent pairs
    /// @param input    factor on what the layer reads
    /// @param output   factor on what it writes
    static void projections(Draft.Below layer, AttentionSpec spec, boolean adjacent, double input, double output) {
        boolean reorder = adjacent && spec.position() instanceof PositionSpec.Rotary;
        projection(layer, "attn_q", "q", reorder, spec, spec.heads(), input, 1);
        projection(layer, "attn_k", "k", reorder, spec, spec.kvHeads(), input * spec.keyScale(), spec.keyScale());
        layer.linear("attn_v", "v", input, 1);
        layer.linear("attn_output", "o", output, output);
    }

    private static void projection(Draft.Below layer, String tensor, String parameter, boolean reorder, AttentionSpec spec,
            int heads, double scale, double biasScale) {
        if (!reorder) {
            layer.linear(tensor, parameter, scale, biasScale);
            return;
        }
        int[] rows = adjacentPairs(heads, spec.headDim(), ((PositionSpec.Rotary) spec.position()).dimensions());
        layer.copy(tensor + ".weight", Part.of(parameter + ".weight").at(rows).times(scale));
        if (layer.has(parameter + ".bias")) {
            layer.copy(tensor + ".bias", Part.of(parameter + ".bias").at(rows).times(biasScale));
        }
    }

    /// For each row of heads whose rotated pairs are adjacent, the row of heads whose pairs lie rotated/2 apart.
    static int[] adjacentPairs(int heads, int headDim, int rotated) {
        int[] rows = new int[heads * headDim];
        for (int row = 0; row < rows.length; row++) {
            int i = row % headDim;
            rows[row] = row - i + (i >= rotated ? i : i / 2 + i % 2 * (rotated / 2));
        }
        return rows;
    }
}
