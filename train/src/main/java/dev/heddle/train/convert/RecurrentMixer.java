package dev.heddle.train.convert;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.LinearAttentionSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.RgLruSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import dev.heddle.train.TrainingException;
import dev.heddle.train.convert.Inheritance.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Recurrent mixers that can take the place of attention, of the same heads and head widths, and begin with its weights where
/// their roles agree. Attention without its softmax is the recurrence S ← S + k vᵀ, y = Sᵀ q; a state space model is
/// S ← a·S + Δ·B xᵀ, y = Sᵀ C. So B is K, C is Q, x is V, and the way out is O (Wang et al. 2024, "The Mamba in the Llama",
/// section 2.2). Keys and values of grouped heads are repeated for every query head. Rotations and norms of queries and keys,
/// windows and softcaps have no counterpart and are left behind.
public enum RecurrentMixer {
    /// Mamba-2 with a group for each head: x ← V, B ← K, C ← Q; gate, time steps, convolution and decays are new. Each head's
    /// output is normalised on its own.
    MAMBA2 {
        @Override
        Inheritance of(AttentionSpec attention, Place place) {
            boolean bias = attention.qkvBias() || attention.outputBias();
            int heads = attention.heads();
            Parts parts = new Parts().put("in_xbc.weight", Part.shared(attention, "v.weight"), Part.shared(attention, "k.weight"),
                    Part.query(attention, "q.weight")).put("out_proj.weight", Part.whole("o.weight"));
            if (attention.qkvBias()) {
                parts.put("in_xbc.bias", Part.shared(attention, "v.bias"), Part.shared(attention, "k.bias"), Part.query(attention, "q.bias"));
            }
            return parts.output(attention, "out_proj.bias").of(new Mamba2Spec(heads, attention.valueDim(), attention.headDim(), heads, 4, 256,
                    true, bias, Mamba2Spec.Gate.GATE_THEN_NORM, NormSpec.rms(place.epsilon()), heads, 0, Double.POSITIVE_INFINITY,
                    Mamba2Spec.Scales.ONE));
        }
    },

    /// Mamba: x ← V; B and C depend on x here, so keys and queries have no place.
    MAMBA1 {
        @Override
        Inheritance of(AttentionSpec attention, Place place) {
            Parts parts = new Parts().put("in_x.weight", Part.shared(attention, "v.weight")).put("out_proj.weight", Part.whole("o.weight"));
            if (attention.qkvBias()) {
                parts.put("in_x.bias", Part.shared(attention, "v.bias"));
            }
            return parts.output(attention, "out_proj.bias").of(new Mamba1Spec(attention.heads() * attention.valueDim(), 16, 4,
                    Math.ceilDiv(place.width(), 16), true, attention.qkvBias() || attention.outputBias(), NormSpec.NONE));
        }
    },

    /// Griffin's recurrent block: its input ← V; it has neither keys nor queries.
    RGLRU {
        @Override
        Inheritance of(AttentionSpec attention, Place place) {
            Parts parts = new Parts().put("in.weight", Part.shared(attention, "v.weight")).put("out.weight", Part.whole("o.weight"));
            if (attention.qkvBias()) {
                parts.put("in.bias", Part.shared(attention, "v.bias"));
            }
            return parts.output(attention, "out.bias").of(new RgLruSpec(attention.heads() * attention.valueDim(), attention.heads(), 4,
                    Activation.GELU_TANH, true));
        }
    },

    /// Gated delta net: q, k, v and out are attention's; it has no biases.
    GATED_DELTA {
        @Override
        Inheritance of(AttentionSpec attention, Place place) {
            return new Parts().put("q.weight", Part.query(attention, "q.weight")).put("k.weight", Part.shared(attention, "k.weight"))
                    .put("v.weight", Part.shared(attention, "v.weight")).put("out.weight", Part.whole("o.weight"))
                    .of(new GatedDeltaNetSpec(attention.heads(), attention.heads(), attention.headDim(), attention.valueDim(), 4, Activation.SILU,
                            1, NormSpec.rms(place.epsilon())));
        }
    },

    /// Linear attention, φ = elu + 1 and normalised as in Katharopoulos et al. 2020: every parameter is attention's.
    LINEAR_ATTENTION {
        @Override
        Inheritance of(AttentionSpec attention, Place place) {
            Parts parts = new Parts().put("q.weight", Part.query(attention, "q.weight")).put("k.weight", Part.shared(attention, "k.weight"))
                    .put("v.weight", Part.shared(attention, "v.weight")).put("o.weight", Part.whole("o.weight"));
            if (attention.qkvBias()) {
                parts.put("q.bias", Part.query(attention, "q.bias")).put("k.bias", Part.shared(attention, "k.bias"))
                        .put("v.bias", Part.shared(attention, "v.bias"));
            }
            return parts.output(attention, "o.bias").of(new LinearAttentionSpec(attention.heads(), attention.headDim(), attention.valueDim(),
                    Activation.ELU_PLUS_ONE, true, 1e-6, NormSpec.NONE, attention.qkvBias() || attention.outputBias()));
        }
    },

    /// RWKV-7: receptance ← Q, key ← K, value ← V, output ← O; decays, rates and gates are new, of the ranks its authors use.
    RWKV7 {
        @Override
        Inheritance of(AttentionSpec attention, Place place) {
            if (attention.headDim() != attention.valueDim()) {
                throw new TrainingException("rwkv7 needs heads whose keys and values are equally wide, and the attention's are "
                        + attention.headDim() + " and " + attention.valueDim());
            }
            return new Parts().put("receptance.weight", Part.query(attention, "q.weight")).put("key.weight", Part.shared(attention, "k.weight"))
                    .put("value.weight", Part.shared(attention, "v.weight")).put("output.weight", Part.whole("o.weight"))
                    .of(new Rwkv7TimeMixSpec(attention.heads(), attention.headDim(), rank(place.width(), 1.8, 0.5), rank(place.width(), 1.8, 0.5),
                            place.first() ? 0 : rank(place.width(), 1.3, 0.5), rank(place.width(), 0.6, 0.8), 1e-5 * attention.headDim()));
        }

        /// factor·D^power, a multiple of 32.
        private static int rank(int width, double factor, double power) {
            return Math.max(32, (int) Math.round(factor * Math.pow(width, power) / 32) * 32);
        }
    };

    /// Where a mixer stands.
    ///
    /// @param width   of the residual stream
    /// @param epsilon of the model's norms
    /// @param first   whether it is the first of its kind in the model
    record Place(int width, double epsilon, boolean first) {
    }

    abstract Inheritance of(AttentionSpec attention, Place place);

    /// What people type: `gated-delta`.
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// Collects inherited parameters.
    private static final class Parts {
        private final Map<String, List<Part>> parts = new LinkedHashMap<>();

        Parts put(String parameter, Part... consistsOf) {
            parts.put(parameter, new ArrayList<>(List.of(consistsOf)));
            return this;
        }

        /// The output projection's bias, if attention has one.
        Parts output(AttentionSpec attention, String parameter) {
            return attention.outputBias() ? put(parameter, Part.whole("o.bias")) : this;
        }

        Inheritance of(MixerSpec mixer) {
            return new Inheritance(mixer, parts);
        }
    }
}
