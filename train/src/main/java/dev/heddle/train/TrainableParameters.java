package dev.heddle.train;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/// Parameters that may be written: every one an f32 tensor of its own on the device, zero or copied from a checkpoint.
public final class TrainableParameters implements ParameterSource {
    private final Backend backend;
    private final Optional<ParameterSource> start;

    /// All zero, for an initialisation to fill.
    public TrainableParameters(Backend backend) {
        this(backend, Optional.empty());
    }

    /// With the values of `start`.
    public TrainableParameters(Backend backend, ParameterSource start) {
        this(backend, Optional.of(start));
    }

    private TrainableParameters(Backend backend, Optional<ParameterSource> start) {
        this.backend = backend;
        this.start = start;
    }

    @Override
    public Tensor parameter(String name, Kind kind, long... shape) {
        long elements = 1;
        for (long dimension : shape) {
            elements *= dimension;
        }
        Tensor tensor = Tensor.of(backend.allocate(DType.F32.bytes(elements)), 0, DType.F32, shape);
        start.ifPresent(source -> write(backend, tensor, source.parameter(name, kind, shape).toFloats()));
        return tensor;
    }

    /// Overwrites a parameter of the device with `values`.
    public static void write(Backend backend, Tensor parameter, float[] values) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor host = Tensor.of(arena, values, parameter.rows(), parameter.columns());
            Tensor placed = backend.place(host);
            backend.copyRows(parameter, 0, placed, 0, parameter.rows());
            if (placed != host) {
                backend.free(placed.storage());
            }
        }
    }
}
