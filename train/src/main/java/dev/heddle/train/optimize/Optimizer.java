package dev.heddle.train.optimize;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.kernel.AdamW;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// AdamW over the parameters of a model: a gradient and two moments for each, all f32 on the model's device.
/// Parameters without a group stay as they are and have neither.
public final class Optimizer implements AutoCloseable {
    /// @param beta1   β₁
    /// @param beta2   β₂
    /// @param epsilon ε
    /// @param clip    largest norm of the whole gradient; larger ones are scaled down; 0 for none
    public record Settings(double beta1, double beta2, double epsilon, double clip) {
        public static final Settings USUAL = new Settings(0.9, 0.95, 1e-8, 1);

        public Settings {
            if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1)) {
                throw new IllegalArgumentException("betas must lie in [0, 1), not " + beta1 + " and " + beta2);
            }
            if (!(epsilon > 0)) {
                throw new IllegalArgumentException("epsilon must be positive, not " + epsilon);
            }
            if (!(clip >= 0)) {
                throw new IllegalArgumentException("clip must not be negative, not " + clip);
            }
        }
    }

    /// One trained parameter.
    private record Slot(Tensor parameter, Tensor gradient, Tensor first, Tensor second, ParameterGroup group) {
    }

    private final Backend backend;
    private final Settings settings;
    private final Map<String, Slot> slots = new LinkedHashMap<>();
    private final List<Tensor> frozen = new ArrayList<>();
    private final List<Reparametrization> derived;
    private long step;

    /// @param groups the group of a parameter by name; empty for parameters that are not trained
    public Optimizer(Backend backend, Map<String, Tensor> parameters, Function<String, Optional<ParameterGroup>> groups,
            Settings settings) {
        this(backend, parameters, groups, settings, List.of());
    }

    /// @param derived weights of the model that follow from `parameters`
    public Optimizer(Backend backend, Map<String, Tensor> parameters, Function<String, Optional<ParameterGroup>> groups,
            Settings settings, List<Reparametrization> derived) {
        this.backend = backend;
        this.settings = settings;
        this.derived = List.copyOf(derived);
        parameters.forEach((name, parameter) -> groups.apply(name).ifPresentOrElse(group -> slots.put(name,
                new Slot(parameter, like(parameter), like(parameter), like(parameter), group)), () -> frozen.add(parameter)));
    }

    private Tensor like(Tensor parameter) {
        if (parameter.dtype() != DType.F32 || !parameter.isContiguous()) {
            throw new IllegalArgumentException("only contiguous f32 parameters can be trained, not " + parameter);
        }
        return Tensor.of(backend.allocate(DType.F32.bytes(parameter.elements())), 0, DType.F32, parameter.rows(),
                parameter.columns());
    }

    /// Steps taken.
    public long step() {
        return step;
    }

    /// Makes `tape` gather the gradients of the trained parameters here, and those of no other parameter.
    public void gather(Tape tape) {
        frozen.forEach(tape::freeze);
        derived.forEach(weights -> weights.gather(tape));
        slots.values().forEach(slot -> tape.provide(slot.parameter(), slot.gradient()));
    }

    /// Forgets what has been gathered.
    public void clear() {
        slots.values().forEach(slot -> backend.fill(slot.gradient(), 0));
        derived.forEach(Reparametrization::clear);
    }

    /// Brings what was gathered for derived weights to the parameters they follow from; once, after a step's last pass.
    public void pullBack() {
        derived.forEach(weights -> weights.pullBack(this::gradient));
    }

    /// Norm of everything gathered since [#clear], by parameter in the order of the model.
    public double norm() {
        double squares = 0;
        AdamW kernel = backend.kernels().adamW();
        for (Slot slot : slots.values()) {
            squares += kernel.squaredNorm(slot.gradient());
        }
        return Math.sqrt(squares);
    }

    /// Moves all parameters against their gradients, scaled down if their norm exceeds the clip.
    ///
    /// @param factor on the peak rates, from the schedule
    /// @param norm   what [#norm] returned
    public void update(double factor, double norm) {
        step++;
        double scale = settings.clip() > 0 && norm > settings.clip() ? settings.clip() / norm : 1;
        float first = (float) (1 - Math.pow(settings.beta1(), step));
        float second = (float) (1 - Math.pow(settings.beta2(), step));
        for (Slot slot : slots.values()) {
            backend.kernels().adamW().update(slot.parameter(), slot.first(), slot.second(), slot.gradient(),
                    new AdamW.Step((float) (slot.group().rate() * factor), (float) settings.beta1(), (float) settings.beta2(),
                            (float) settings.epsilon(), (float) slot.group().decay(), first, second, (float) scale));
        }
        derived.forEach(Reparametrization::apply);
    }

    /// What has been gathered for a trained parameter since [#clear].
    public Tensor gradient(String name) {
        return slots.get(name).gradient();
    }

    /// The trained parameters by name.
    public Map<String, Tensor> parameters() {
        Map<String, Tensor> parameters = new LinkedHashMap<>();
        slots.forEach((name, slot) -> parameters.put(name, slot.parameter()));
        return parameters;
    }

    /// The moments by name, `first.NAME` and `second.NAME`, to be saved and restored in place.
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        slots.forEach((name, slot) -> {
            state.put("first." + name, slot.first());
            state.put("second." + name, slot.second());
        });
        return state;
    }

    /// Continues after `step` steps; parameters and moments have been restored in place.
    public void resume(long step) {
        this.step = step;
        derived.forEach(Reparametrization::apply);
    }

    /// Names of the trained parameters and their groups.
    public Map<String, ParameterGroup> groups() {
        Map<String, ParameterGroup> groups = new LinkedHashMap<>();
        slots.forEach((name, slot) -> groups.put(name, slot.group()));
        return groups;
    }

    @Override
    public void close() {
        for (Slot slot : slots.values()) {
            backend.free(slot.gradient().storage());
            backend.free(slot.first().storage());
            backend.free(slot.second().storage());
        }
        slots.clear();
    }
}
