package dev.heddle.engine.measure;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.util.stream.LongStream;

/// Random weights of the right shapes, to measure models nobody has downloaded. Values are small enough that a
/// forward stays finite: matrices ±1/√I, norm weights 1, decays as after the usual initialisation.
public final class RandomParameters implements ParameterSource {
    private static final int BLOCK = 1 << 20;

    private final Backend backend;
    private final WeightTypes types;
    private final long seed;
    private long count;

    /// @param type how matrices are stored
    public RandomParameters(Backend backend, DType type, long seed) {
        this(backend, WeightTypes.of(type), seed);
    }

    /// @param types how matrices are stored
    public RandomParameters(Backend backend, WeightTypes types, long seed) {
        this.backend = backend;
        this.types = types;
        this.seed = seed;
    }

    @Override
    public Tensor parameter(String name, Kind kind, long... shape) {
        DType stored = kind.staysStored() ? types.of(name, count, shape[shape.length - 1]) : DType.F32;
        long elements = 1;
        for (long dimension : shape) {
            elements *= dimension;
        }
        Tensor tensor = Tensor.of(backend.allocate(stored.bytes(elements)), 0, stored, shape);
        if (stored.isQuantized()) {
            RandomBlocks.fill(tensor, (float) (1 / Math.sqrt(tensor.columns())), seed * 0x9E3779B97F4A7C15L + ++count);
        } else if (name.endsWith("A_log")) {
            for (long i = 0; i < elements; i++) {
                tensor.set(i, (float) Math.log(1 + i % tensor.columns() % 16));
            }
        } else if (kind == Kind.SMALL && name.contains("norm") && name.endsWith("weight")) {
            fill(tensor, stored, elements, 0, 1);
        } else {
            fill(tensor, stored, elements, (float) (1 / Math.sqrt(shape[shape.length - 1])), 0);
        }
        return kind == Kind.MATRIX ? backend.placeWeight(tensor) : tensor;
    }

    private void fill(Tensor tensor, DType stored, long elements, float spread, float middle) {
        long stream = seed * 0x9E3779B97F4A7C15L + ++count;
        long address = tensor.address();
        LongStream.range(0, (elements + BLOCK - 1) / BLOCK).parallel().forEach(block -> {
            long state = stream ^ (block * 0xBF58476D1CE4E5B9L) | 1;
            long end = Math.min(elements, (block + 1) * BLOCK);
            for (long i = block * BLOCK; i < end; i++) {
                state ^= state << 13;
                state ^= state >>> 7;
                state ^= state << 17;
                float unit = (int) state * 0x1p-31f;
                Memory.store(stored, address + stored.bytes(i), middle + spread * unit);
            }
        });
    }
}
