package dev.heddle.engine.trace;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.InterceptingBackend;
import dev.heddle.core.kernel.Attention;
import dev.heddle.core.kernel.DeltaWkv;
import dev.heddle.core.kernel.DiagonalStateSpace;
import dev.heddle.core.kernel.GatedDeltaRule;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.kernel.LinearAttention;
import dev.heddle.core.kernel.MatrixWkv;
import dev.heddle.core.kernel.Retention;
import dev.heddle.core.kernel.RgLru;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.SelectiveScan;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.kernel.Wkv;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.trace.Observation.Kernel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A device that notes what the kernels that move information between positions are given, before they run. The results
/// are those of the device behind it.
final class ObservingBackend extends InterceptingBackend {
    private final List<Observation> seen = new ArrayList<>();
    private final RecurrenceValues recurrences;
    private final AttentionWeights attentions;

    ObservingBackend(Backend delegate) {
        super(delegate);
        recurrences = new RecurrenceValues(delegate);
        attentions = new AttentionWeights(delegate);
    }

    @Override
    protected Object intercept(KernelCall call) {
        if (call.method().getName().equals("forward")) {
            observe(call.kernel(), call.arguments()).ifPresent(seen::add);
        }
        return call.run();
    }

    /// Looks at a kernel's arguments, which stand in the order of its `forward`.
    private Optional<Observation> observe(Object kernel, Object[] in) {
        return switch (kernel) {
            case Attention attention -> Optional.of(attentions.of(attention, (Attention.Shape) in[0], (Tensor) in[2], (KeyValues) in[3],
                    (Segments) in[4]));
            case SelectiveScan _ -> Optional.of(recurrences.selectiveScan((Tensor) in[2], optional(in[3]), (Tensor) in[4]));
            case StateSpaceDual _ -> Optional.of(recurrences.stateSpaceDual((StateSpaceDual.Shape) in[0], (Tensor) in[3], optional(in[4]),
                    (Tensor) in[5]));
            case GatedDeltaRule _ -> {
                GatedDeltaRule.Inputs inputs = (GatedDeltaRule.Inputs) in[2];
                yield Optional.of(recurrences.gated(Kernel.GATED_DELTA_RULE, inputs.logDecay(), Optional.of(inputs.rate())));
            }
            case DeltaWkv _ -> {
                DeltaWkv.Inputs inputs = (DeltaWkv.Inputs) in[2];
                yield Optional.of(recurrences.gated(Kernel.DELTA_WKV, inputs.logDecay(), Optional.of(inputs.rate())));
            }
            case MatrixWkv _ -> {
                Tensor r = (Tensor) in[2];
                Tensor logDecay = (Tensor) in[5];
                yield Optional.of(logDecay.rank() == 2 && logDecay.rows() == r.rows() ? recurrences.gated(Kernel.MATRIX_WKV, logDecay, Optional.empty())
                        : recurrences.fixed(Kernel.MATRIX_WKV, logDecay, r.rows()));
            }
            case Wkv _ -> {
                Tensor k = (Tensor) in[1];
                yield Optional.of(recurrences.fixed(Kernel.WKV, (Tensor) in[3], k.rows()));
            }
            case RgLru _ -> Optional.of(recurrences.rgLru((Tensor) in[2], (Tensor) in[3], (Tensor) in[4]));
            case Retention _ -> {
                double[] logDecay = ((Retention.Shape) in[0]).logDecay().clone();
                Arrays.setAll(logDecay, h -> Math.exp(logDecay[h]));
                yield Optional.of(RecurrenceValues.fixed(Kernel.RETENTION, logDecay, ((Tensor) in[1]).rows()));
            }
            case LinearAttention _ -> Optional.of(RecurrenceValues.fixed(Kernel.LINEAR_ATTENTION, new double[] {1}, ((Tensor) in[1]).rows()));
            case DiagonalStateSpace _ -> {
                DiagonalStateSpace.Shape shape = (DiagonalStateSpace.Shape) in[0];
                yield Optional.of(RecurrenceValues.fixed(Kernel.DIAGONAL_STATE_SPACE, magnitudes(shape, (Tensor) in[3]), ((Tensor) in[1]).rows()));
            }
            default -> Optional.empty();
        };
    }

    @SuppressWarnings("unchecked")
    private static Optional<Tensor> optional(Object argument) {
        return (Optional<Tensor>) argument;
    }

    /// |ā| of each state of each channel, from the table Re ā, Im ā, Re b̄, Im b̄.
    private double[] magnitudes(DiagonalStateSpace.Shape shape, Tensor table) {
        float[] values = read(table);
        int count = shape.states() * table.columns();
        double[] magnitudes = new double[count];
        for (int i = 0; i < count; i++) {
            magnitudes[i] = shape.complex() ? Math.hypot(values[i], values[count + i]) : Math.abs(values[i]);
        }
        return magnitudes;
    }

    /// What was seen since the last call.
    List<Observation> take() {
        List<Observation> taken = List.copyOf(seen);
        seen.clear();
        return taken;
    }
}
