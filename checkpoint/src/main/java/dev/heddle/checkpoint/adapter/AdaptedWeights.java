package dev.heddle.checkpoint.adapter;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The weights of a checkpoint with an adapter merged into them: W′ = W + scale·B·A for each adapted module, summed in
/// double precision and kept in f32, since the change is often smaller than a step of bf16. All other tensors stay
/// views of the file.
///
/// An adapter speaks of published modules, so merging happens here, before a tensor is cut into a model's parameters.
public final class AdaptedWeights implements WeightSource {
    private static final String WEIGHT = ".weight";

    private final WeightSource base;
    private final PeftAdapter adapter;

    /// @throws CheckpointException if a module is unknown to the checkpoint or has another shape
    public AdaptedWeights(WeightSource base, PeftAdapter adapter) {
        this.base = base;
        this.adapter = adapter;
        adapter.modules().forEach((module, factors) -> {
            if (!base.contains(module + WEIGHT)) {
                throw new CheckpointException("the adapter does not fit " + base.describe() + ": that has no tensor " + module
                        + WEIGHT + (adapter.base().isEmpty() ? "" : "; it was trained on " + adapter.base()));
            }
            Tensor weight = base.tensor(module + WEIGHT);
            if (weight.rank() != 2 || weight.rows() != factors.b().rows() || weight.columns() != factors.a().columns()) {
                throw new CheckpointException("the adapter does not fit " + base.describe() + ": " + module + WEIGHT + " has shape "
                        + List.of(weight.rows(), weight.columns()) + ", the adapter is for "
                        + List.of(factors.b().rows(), factors.a().columns()));
            }
        });
    }

    @Override
    public Set<String> names() {
        return base.names();
    }

    @Override
    public boolean contains(String name) {
        return base.contains(name);
    }

    @Override
    public Tensor tensor(String name) {
        Tensor weight = base.tensor(name);
        PeftAdapter.Factors factors = name.endsWith(WEIGHT)
                ? adapter.modules().get(name.substring(0, name.length() - WEIGHT.length())) : null;
        return factors == null ? weight : merged(weight, factors.a().toFloats(), factors.b().toFloats());
    }

    private Tensor merged(Tensor weight, float[] a, float[] b) {
        Tensor sum = Tensor.zeros(Arena.ofAuto(), DType.F32, weight.shape());
        int columns = weight.columns();
        int rank = adapter.rank();
        double[] row = new double[columns];
        for (int o = 0; o < weight.rows(); o++) {
            for (int i = 0; i < columns; i++) {
                row[i] = weight.get((long) o * columns + i);
            }
            for (int k = 0; k < rank; k++) {
                double factor = adapter.scale() * b[o * rank + k];
                for (int i = 0; i < columns; i++) {
                    row[i] += factor * a[k * columns + i];
                }
            }
            for (int i = 0; i < columns; i++) {
                sum.set((long) o * columns + i, (float) row[i]);
            }
        }
        return sum;
    }

    @Override
    public Map<String, String> metadata() {
        return base.metadata();
    }

    @Override
    public String describe() {
        return base.describe();
    }

    @Override
    public void close() {
        base.close();
    }
}
