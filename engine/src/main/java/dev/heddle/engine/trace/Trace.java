package dev.heddle.engine.trace;

import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.model.analysis.LayerMap;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.BidirectionalAttentionSpec;
import dev.heddle.core.spec.BidirectionalMambaSpec;
import dev.heddle.core.spec.GatedDeltaNetSpec;
import dev.heddle.core.spec.GatedMemoryUnitSpec;
import dev.heddle.core.spec.LatentAttentionSpec;
import dev.heddle.core.spec.LinearAttentionSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MambaVisionMixerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.RetentionSpec;
import dev.heddle.core.spec.RgLruSpec;
import dev.heddle.core.spec.Rwkv4TimeMixSpec;
import dev.heddle.core.spec.Rwkv5TimeMixSpec;
import dev.heddle.core.spec.Rwkv6TimeMixSpec;
import dev.heddle.core.spec.Rwkv7TimeMixSpec;
import dev.heddle.core.spec.S4dSpec;
import dev.heddle.core.spec.ShortConvolutionSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.trace.Observation.Kernel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What the layers that mix positions did while a model read a text.
///
/// @param ids      the text's tokens
/// @param prologue positions before the first token (meta tokens)
/// @param layers   in the order of the model
public record Trace(int[] ids, int prologue, List<Layer> layers) {
    /// Tokens that a text may have: one pass, and maps that can still be looked at.
    public static final int MOST = 256;

    /// A mixer in its place.
    public sealed interface Layer {
        int block();

        String name();

        /// A layer with a state of constant size.
        ///
        /// @param keep  for each token, the factor by which it lets the state decay, mean over the state
        /// @param write for each token, how strongly it writes (Δ, the delta rule's rate, the gated input), mean over heads or
        ///              channels; not there where that does not depend on the token
        record Recurrent(int block, String name, float[] keep, Optional<float[]> write) implements Layer {
        }

        /// @param weights for each token, how much it attends to every position up to its own, those of the prologue first,
        ///                mean over heads. A row sums to 1. Of differential attention these are the weights of the first map
        record Attending(int block, String name, float[][] weights) implements Layer {
        }

        /// A layer with nothing to show: a fixed filter, a memory of this position alone, one of several experts.
        record Other(int block, String name) implements Layer {
        }
    }

    /// Runs `ids` through the model and looks. The model must not be in use by another thread; no sequence of it changes.
    ///
    /// @throws IllegalArgumentException if there are no tokens or too many
    public static Trace of(LanguageModel language, int[] ids) {
        if (ids.length == 0 || ids.length > MOST) {
            throw new IllegalArgumentException("a trace needs 1 to " + MOST + " tokens, not " + ids.length);
        }
        ObservingBackend backend = new ObservingBackend(language.backend());
        try (LanguageModel observed = new LanguageModel(language.model(), backend, language.states().types()); SequenceState sequence = observed.open()) {
            observed.feed(List.of(sequence), List.of(ids));
            int prologue = language.model().states().prologue();
            return new Trace(ids.clone(), prologue, layers(Architecture.of(language.spec()).map(), backend.take(), prologue, ids.length));
        }
    }

    /// Matches what was seen with the layers: kernels of one kind run in the order of their layers.
    private static List<Layer> layers(LayerMap map, List<Observation> seen, int prologue, int tokens) {
        Map<Kernel, Deque<Observation>> queues = new EnumMap<>(Kernel.class);
        seen.forEach(one -> queues.computeIfAbsent(one.kernel(), _ -> new ArrayDeque<>()).add(one));
        Map<Kernel, Integer> expected = new EnumMap<>(Kernel.class);
        for (LayerMap.Layer layer : map.mixers()) {
            kernel(layer).ifPresent(kernel -> expected.merge(kernel, runs(layer), Integer::sum));
        }
        List<Layer> layers = new ArrayList<>();
        for (LayerMap.Block block : map.blocks()) {
            for (LayerMap.Layer layer : block.mixers()) {
                Optional<Kernel> kernel = kernel(layer).filter(one -> queues.containsKey(one)
                        && expected.get(one) == seen.stream().filter(other -> other.kernel() == one).count());
                if (kernel.isEmpty()) {
                    layers.add(new Layer.Other(block.index(), layer.name()));
                    continue;
                }
                Observation observation = queues.get(kernel.get()).poll();
                for (int extra = 1; extra < runs(layer); extra++) {
                    queues.get(kernel.get()).poll();
                }
                layers.add(layer(block.index(), layer.name(), observation, prologue, tokens));
            }
        }
        return layers;
    }

    private static Layer layer(int block, String name, Observation observation, int prologue, int tokens) {
        return switch (observation) {
            case Observation.Attention(float[][] weights) -> {
                float[][] rows = new float[tokens][];
                for (int t = 0; t < tokens; t++) {
                    rows[t] = Arrays.copyOf(weights[prologue + t], prologue + t + 1);
                }
                yield new Layer.Attending(block, name, rows);
            }
            case Observation.Recurrence(Kernel _, float[] keep, Optional<float[]> write) -> new Layer.Recurrent(block, name,
                    Arrays.copyOfRange(keep, prologue, prologue + tokens),
                    write.map(values -> Arrays.copyOfRange(values, prologue, prologue + tokens)));
        };
    }

    /// How often a layer runs its kernel in a pass.
    private static int runs(LayerMap.Layer layer) {
        return layer.spec().orElseThrow() instanceof AttentionSpec attention && !attention.differential().isNone() ? 2 : 1;
    }

    /// The kernel by which a layer mixes positions, if it is looked at.
    private static Optional<Kernel> kernel(LayerMap.Layer layer) {
        if (layer.experts() || !(layer.spec().orElseThrow() instanceof MixerSpec mixer)) {
            return Optional.empty();
        }
        return switch (mixer) {
            case AttentionSpec _, LatentAttentionSpec _ -> Optional.of(Kernel.ATTENTION);
            case Mamba1Spec _ -> Optional.of(Kernel.SELECTIVE_SCAN);
            case Mamba2Spec _ -> Optional.of(Kernel.STATE_SPACE_DUAL);
            case GatedDeltaNetSpec _ -> Optional.of(Kernel.GATED_DELTA_RULE);
            case LinearAttentionSpec _ -> Optional.of(Kernel.LINEAR_ATTENTION);
            case RetentionSpec _ -> Optional.of(Kernel.RETENTION);
            case Rwkv4TimeMixSpec _ -> Optional.of(Kernel.WKV);
            case Rwkv5TimeMixSpec _, Rwkv6TimeMixSpec _ -> Optional.of(Kernel.MATRIX_WKV);
            case Rwkv7TimeMixSpec _ -> Optional.of(Kernel.DELTA_WKV);
            case RgLruSpec _ -> Optional.of(Kernel.RG_LRU);
            case S4dSpec _ -> Optional.of(Kernel.DIAGONAL_STATE_SPACE);
            case ShortConvolutionSpec _, GatedMemoryUnitSpec _, BidirectionalAttentionSpec _, BidirectionalMambaSpec _,
                    MambaVisionMixerSpec _ -> Optional.empty();
        };
    }
}
