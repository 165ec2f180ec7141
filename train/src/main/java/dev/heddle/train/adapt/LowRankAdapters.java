package dev.heddle.train.adapt;

import dev.heddle.checkpoint.adapter.PeftAdapter;
import dev.heddle.checkpoint.family.Binding;
import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.layer.Initial;
import dev.heddle.core.model.Model;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainableParameters;
import dev.heddle.train.config.LoraConfig;
import dev.heddle.train.optimize.Reparametrization;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;

/// Low-rank adapters (Hu et al. 2021, "LoRA") over a model's linear weights:
///
///     W = W₀ + s·B·A,   s = α/r,   A [r, I] uniform in ±1/√I,   B [O, r] zero at the start
///     dB += s·dW·Aᵀ,    dA += s·Bᵀ·dW
///
/// W is computed once per step into the very tensor the model reads, and its gradient is pulled back to A and B once per
/// step. Every layer, fused projection and kernel therefore works unchanged, whatever it does with its weights, and the
/// trained model has the bits of the merged one. The two products cost r·O·I each where the step's own cost T·O·I with T
/// tokens, under one percent for r = 8 and T ≥ 2048; the price is that dW exists. W₀ and dW take two f32 per adapted
/// weight where full training needs three (dW and two moments), and weights without adapter need nothing.
///
/// Dropout on the adapter's input cannot be expressed as a weight, so there is none.
public final class LowRankAdapters implements Reparametrization, AutoCloseable {
    private static final String A = ".lora_A";
    private static final String B = ".lora_B";

    /// @param weight   what the model reads
    /// @param base     W₀
    /// @param gradient dW
    /// @param scaled   s·B of its rows, [O, r]
    /// @param product  scratch [O, r]
    private record Part(Tensor weight, Tensor base, Tensor gradient, Tensor scaled, Tensor product, List<AdaptedModule.Run> runs) {
    }

    private record Adapter(String path, Tensor a, Tensor b, String first, List<Part> parts) {
    }

    private final Backend backend;
    private final LoraConfig config;
    private final AdapterTargets targets;
    private final List<Adapter> adapters = new ArrayList<>();
    private final List<Tensor> owned = new ArrayList<>();

    /// Adapters for the weights `config` targets, in a model whose weights are on the device.
    ///
    /// @param bindings which published tensor each parameter is
    /// @param shape    of a published tensor, where that is known
    /// @throws dev.heddle.train.TrainingException if a target is unknown
    public LowRankAdapters(LoraConfig config, Model model, Map<String, Binding> bindings,
            Function<String, Optional<long[]>> shape, Backend backend, long seed) {
        this.backend = backend;
        this.config = config;
        targets = new AdapterTargets(model, bindings, shape);
        for (AdaptedModule module : targets.chosen(config)) {
            Tensor a = take(config.rank(), module.columns());
            float[] values = new float[Math.toIntExact(a.elements())];
            double bound = 1 / Math.sqrt(module.columns());
            Initial.uniform(-bound, bound).fill(values, a.shape(),
                    new SplittableRandom(seed * 0x9E3779B97F4A7C15L ^ module.path().hashCode() * 0xBF58476D1CE4E5B9L));
            TrainableParameters.write(backend, a, values);
            adapters.add(new Adapter(module.path(), a, take(module.rows(), config.rank()), module.parts().getFirst().parameter(),
                    module.parts().stream().map(part -> part(targets.weight(part), part)).toList()));
        }
        apply();
    }

    private Part part(Tensor weight, AdaptedModule.Part part) {
        Tensor base = take(part.rows(), part.columns());
        backend.copyRows(base, 0, weight, 0, part.rows());
        return new Part(weight, base, take(part.rows(), part.columns()), take(part.rows(), config.rank()),
                take(part.rows(), config.rank()), part.runs());
    }

    private Tensor take(long rows, long columns) {
        Tensor tensor = Tensor.of(backend.allocate(DType.F32.bytes(rows * columns)), 0, DType.F32, rows, columns);
        owned.add(tensor);
        return tensor;
    }

    private float scale() {
        return (float) (config.alpha() / config.rank());
    }

    /// What is trained, by name: `MODULE.lora_A` and `MODULE.lora_B`.
    public Map<String, Tensor> parameters() {
        Map<String, Tensor> parameters = new LinkedHashMap<>();
        for (Adapter adapter : adapters) {
            parameters.put(adapter.path() + A, adapter.a());
            parameters.put(adapter.path() + B, adapter.b());
        }
        return parameters;
    }

    /// A model's parameter among those that each trained one changes, by the trained one's name.
    public Map<String, String> adapted() {
        Map<String, String> adapted = new LinkedHashMap<>();
        for (Adapter adapter : adapters) {
            adapted.put(adapter.path() + A, adapter.first());
            adapted.put(adapter.path() + B, adapter.first());
        }
        return adapted;
    }

    @Override
    public void gather(Tape tape) {
        parts().forEach(part -> tape.provide(part.weight(), part.gradient()));
    }

    @Override
    public void clear() {
        parts().forEach(part -> backend.fill(part.gradient(), 0));
    }

    private List<Part> parts() {
        return adapters.stream().flatMap(adapter -> adapter.parts().stream()).toList();
    }

    @Override
    public void pullBack(Function<String, Tensor> gradients) {
        Kernels kernels = backend.kernels();
        for (Adapter adapter : adapters) {
            Tensor da = gradients.apply(adapter.path() + A);
            Tensor db = gradients.apply(adapter.path() + B);
            for (Part part : adapter.parts()) {
                kernels.matrixProduct().weightGradient(da, part.scaled(), part.gradient());
                kernels.matrixProduct().product(part.product(), part.gradient(), adapter.a());
                for (AdaptedModule.Run run : part.runs()) {
                    Tensor rows = db.rowRange(run.module(), run.module() + run.count());
                    kernels.elementwise().add(rows, rows, part.product().rowRange(run.own(), run.own() + run.count()), scale());
                }
            }
        }
    }

    @Override
    public void apply() {
        Kernels kernels = backend.kernels();
        for (Adapter adapter : adapters) {
            for (Part part : adapter.parts()) {
                for (AdaptedModule.Run run : part.runs()) {
                    kernels.elementwise().scale(part.scaled().rowRange(run.own(), run.own() + run.count()),
                            adapter.b().rowRange(run.module(), run.module() + run.count()), scale());
                }
                backend.copyRows(part.weight(), 0, part.base(), 0, part.base().rows());
                kernels.matrixProduct().inputGradient(part.weight(), part.scaled(), adapter.a());
            }
        }
    }

    /// The adapters as they are now, on the host.
    ///
    /// @param base name of the model they belong to
    public PeftAdapter adapter(Arena arena, String base) {
        Map<String, PeftAdapter.Factors> modules = new TreeMap<>();
        for (Adapter adapter : adapters) {
            modules.put(adapter.path(), new PeftAdapter.Factors(Tensor.of(arena, backend.read(adapter.a()), adapter.a().shape()),
                    Tensor.of(arena, backend.read(adapter.b()), adapter.b().shape())));
        }
        return PeftAdapter.of(base, config.alpha(), config.rank(), modules);
    }

    /// Paths of all modules that could have been adapted.
    public Iterable<String> linearModules() {
        return targets.all();
    }

    @Override
    public void close() {
        owned.forEach(tensor -> backend.free(tensor.storage()));
        owned.clear();
    }
}
