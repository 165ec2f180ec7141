package dev.heddle.train.measure;

import dev.heddle.core.kernel.Attention;
import dev.heddle.core.kernel.BidirectionalAttention;
import dev.heddle.core.kernel.DeltaWkv;
import dev.heddle.core.kernel.DiagonalStateSpace;
import dev.heddle.core.kernel.GatedDeltaRule;
import dev.heddle.core.kernel.LinearAttention;
import dev.heddle.core.kernel.MatrixWkv;
import dev.heddle.core.kernel.Retention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;

/// Floating-point operations that the equations of a kernel call ask for, whatever the kernel does to get there: what
/// it recomputes, pads or masks does not count.
///
/// | counted | forward | backward |
/// |---|---|---|
/// | matrix product [T, I]·[I, O] | 2·T·I·O | the same for each of the two gradients |
/// | attention, each query and key it sees, each head | 2·(K + V) | twice that |
/// | recurrence, each row and element of its state | 2 for each multiply-add and 1 for each product of the step's equation | twice that |
/// | convolution of K taps, each element | 2·K | twice that |
///
/// Norms, activations, gates, embeddings, losses and the optimizer count nothing: their time goes into memory.
final class KernelFlops {
    private KernelFlops() {
    }

    /// @param type      the kernel's interface
    /// @param method    which of its methods
    /// @param arguments those of the call
    static double of(Class<?> type, String method, Object[] arguments) {
        double passes = method.equals("backward") ? 2 : 1;
        return passes * switch (type.getSimpleName()) {
            case "MatrixProduct" -> products(method, arguments);
            case "Experts" -> experts(method, arguments);
            case "CausalConvolution", "SymmetricConvolution" -> convolution(method, arguments);
            case "Attention" -> arguments[0] instanceof Attention.Shape shape && !method.equals("append")
                    ? 2.0 * shape.heads() * (shape.headDim() + shape.valueDim()) * seen(shape, segments(arguments)) : 0;
            case "BidirectionalAttention" -> arguments[0] instanceof BidirectionalAttention.Shape shape
                    ? 4.0 * shape.heads() * shape.headDim() * pairs(segments(arguments)) : 0;
            default -> recurrence(type.getSimpleName(), method, arguments);
        };
    }

    private static double products(String method, Object[] arguments) {
        if (method.equals("products")) {
            Tensor x = (Tensor) arguments[1];
            return Arrays.stream((Tensor[]) arguments[2]).mapToDouble(w -> 2.0 * x.rows() * w.elements()).sum();
        }
        // product(y, x, w), inputGradient(dx, dy, w), weightGradient(dw, dy, x): two of the three shapes say all
        Tensor first = (Tensor) arguments[0];
        Tensor second = (Tensor) arguments[1];
        Tensor third = (Tensor) arguments[2];
        return method.equals("weightGradient") ? 2.0 * second.rows() * first.elements() : 2.0 * first.rows() * third.elements();
    }

    private static double experts(String method, Object[] arguments) {
        return switch (method) {
            case "product", "inputGradient" -> {
                Tensor[] weights = (Tensor[]) arguments[3];
                yield 2.0 * ((Tensor) arguments[0]).rows() * weights[0].elements();
            }
            case "weightGradient" -> {
                Tensor[] weights = (Tensor[]) arguments[0];
                yield 2.0 * ((Tensor) arguments[1]).rows() * weights[0].elements();
            }
            default -> 0;
        };
    }

    private static double convolution(String method, Object[] arguments) {
        // forward(y, x, weight, …), backward(dx, dWeight, …)
        Tensor rows = (Tensor) arguments[0];
        Tensor weight = (Tensor) arguments[method.equals("backward") ? 1 : 2];
        return 2.0 * rows.elements() * weight.rows();
    }

    private static double recurrence(String kernel, String method, Object[] arguments) {
        if (!method.equals("forward") && !method.equals("backward")) {
            return 0;
        }
        return switch (kernel) {
            // decay 1, write 2, read 2
            case "StateSpaceDual" -> arguments[0] instanceof StateSpaceDual.Shape s
                    ? 5.0 * s.heads() * s.state() * s.headDim() * segments(arguments).rows() : 0;
            case "SelectiveScan" -> 5.0 * scanState(arguments) * segments(arguments).rows();
            case "MatrixWkv" -> arguments[0] instanceof MatrixWkv.Shape s ? 5.0 * s.stateElements() * segments(arguments).rows() : 0;
            case "Retention" -> arguments[0] instanceof Retention.Shape s ? 5.0 * s.stateElements() * segments(arguments).rows() : 0;
            // no decay
            case "LinearAttention" -> arguments[0] instanceof LinearAttention.Shape s
                    ? 4.0 * s.stateElements() * segments(arguments).rows() : 0;
            // decay, what the state holds under a key, its removal, write, read
            case "DeltaWkv" -> arguments[0] instanceof DeltaWkv.Shape s ? 9.0 * s.stateElements() * segments(arguments).rows() : 0;
            // decay, what the state holds under a key, write, read
            case "GatedDeltaRule" -> arguments[0] instanceof GatedDeltaRule.Shape s
                    ? 7.0 * s.stateElements() * segments(arguments).rows() : 0;
            // complex: ā·h 6, b̄·x 4, real part of c·h 4; real: 1, 2, 2
            case "DiagonalStateSpace" -> arguments[0] instanceof DiagonalStateSpace.Shape s
                    ? (s.complex() ? 14.0 : 5.0) * s.states() * elements(arguments) : 0;
            case "RgLru" -> 3.0 * elements(arguments);
            case "Wkv" -> 9.0 * elements(arguments);
            default -> 0;
        };
    }

    private static long scanState(Object[] arguments) {
        // the last tensor of the call is the state [slots, N·I]
        Tensor state = null;
        for (Object argument : arguments) {
            state = argument instanceof Tensor tensor ? tensor : state;
        }
        return state == null ? 0 : state.columns();
    }

    /// Elements of the first tensor that has a row for each row of the batch.
    private static long elements(Object[] arguments) {
        int rows = segments(arguments).rows();
        return Arrays.stream(arguments).filter(Tensor.class::isInstance).map(Tensor.class::cast)
                .filter(tensor -> tensor.rows() == rows).mapToLong(Tensor::elements).findFirst().orElse(0);
    }

    private static Segments segments(Object[] arguments) {
        return (Segments) arguments[arguments.length - 1];
    }

    private static double pairs(Segments segments) {
        double sum = 0;
        for (int s = 0; s < segments.count(); s++) {
            sum += (double) segments.length(s) * segments.length(s);
        }
        return sum;
    }

    /// Pairs of a query and a key it sees.
    private static double seen(Attention.Shape shape, Segments segments) {
        double sum = 0;
        for (int s = 0; s < segments.count(); s++) {
            for (int t = 0; t < segments.length(s); t++) {
                long keys = segments.positions()[s] + t + 1;
                sum += shape.window() == 0 ? keys : Math.min(keys, shape.window() + Math.min(shape.sinks(), keys - Math.min(keys, shape.window())));
            }
        }
        return sum;
    }
}
