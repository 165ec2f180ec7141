package dev.heddle.train.diagnose;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.Training;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainingPass;
import dev.heddle.train.data.Stretch;
import dev.heddle.train.optimize.Optimizer;
import dev.heddle.train.optimize.ParameterGroup;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Finds the operation that first produced a number that is not finite, by running a batch again and looking at every
/// kernel's tensors.
public final class FirstNotFinite {
    private FirstNotFinite() {
    }

    /// One sentence that names the kernel, and the parameter it worked with if it used one; empty if everything stays
    /// finite this time.
    ///
    /// @param batches  the stretches of each pass to look at
    /// @param training what differs from a pass that answers
    /// @param steps    taken before
    public static Optional<String> find(Model model, Backend backend, List<List<Stretch>> batches, Training training, long steps) {
        for (Map.Entry<String, Tensor> parameter : model.parameters().entrySet()) {
            for (float value : backend.read(parameter.getValue())) {
                if (!Float.isFinite(value)) {
                    return Optional.of("parameter " + parameter.getKey() + " itself is not finite");
                }
            }
        }
        int lanes = batches.stream().flatMap(List::stream).mapToInt(Stretch::lane).max().orElse(0) + 1;
        WatchedBackend watched = new WatchedBackend(backend, model.parameters());
        try (TrainingPass pass = new TrainingPass(model, watched, lanes, false, training);
                Optimizer gradients = new Optimizer(watched, model.parameters(),
                        _ -> Optional.of(new ParameterGroup("all", 0, 0)), Optimizer.Settings.USUAL)) {
            gradients.resume(steps);
            long predictions = Math.max(1, batches.stream().flatMap(List::stream).mapToLong(Stretch::predictions).sum());
            for (List<Stretch> stretches : batches) {
                pass.run(stretches, gradients, predictions);
            }
            return tooLarge(model, gradients, backend);
        } catch (WatchedBackend.NotFinite e) {
            return Optional.of(e.getMessage());
        }
    }

    /// A gradient whose numbers are finite and whose square is not.
    private static Optional<String> tooLarge(Model model, Optimizer gradients, Backend backend) {
        for (String name : model.parameters().keySet()) {
            if (!Double.isFinite(backend.kernels().adamW().squaredNorm(gradients.gradient(name)))) {
                return Optional.of("the gradient of " + name + " is too large to be squared");
            }
        }
        return Optional.empty();
    }
}
