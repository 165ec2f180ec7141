package dev.heddle.train.adapt;

import dev.heddle.checkpoint.family.Binding;
import dev.heddle.checkpoint.text.Nearest;
import dev.heddle.core.layer.Inventory;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.model.Model;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainingException;
import dev.heddle.train.config.LoraConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/// Which linear modules of a published model get adapters.
///
/// A parameter is meant by its own name (`q`, `blocks.0.mixer.in_x`) or by its module's published one (`q_proj`).
/// Parameters cut from one fused tensor (`in_z` and `in_x` of `in_proj`) share one adapter, as they share one module
/// in every other reader of the file.
final class AdapterTargets {
    private final Map<String, AdaptedModule> linear = new LinkedHashMap<>();
    private final Model model;

    /// @param bindings which published tensor each parameter is
    /// @param shape    of a published tensor, where that is known
    AdapterTargets(Model model, Map<String, Binding> bindings, Function<String, Optional<long[]>> shape) {
        this.model = model;
        Map<String, List<AdaptedModule.Part>> parts = new LinkedHashMap<>();
        Set<String> other = new TreeSet<>();
        model.parameters().forEach((name, tensor) -> {
            Binding binding = bindings.get(name);
            boolean matrix = owned(name).kind() == ParameterSource.Kind.MATRIX && tensor.rank() == 2;
            if (matrix && AdaptedModule.isLinear(binding) && shape.apply(binding.tensor()).map(s -> s.length == 2).orElse(true)) {
                parts.computeIfAbsent(module(binding), _ -> new ArrayList<>()).add(AdaptedModule.part(binding, tensor));
            } else {
                other.add(module(binding));
            }
        });
        parts.forEach((module, cut) -> {
            if (!other.contains(module) && cut.stream().allMatch(part -> part.columns() == cut.getFirst().columns())) {
                linear.put(module, new AdaptedModule(module, cut));
            }
        });
        linear.remove(module(bindings.get("embedding.weight")));
    }

    private static String module(Binding binding) {
        String tensor = binding.tensor();
        return tensor.endsWith(AdaptedModule.WEIGHT) ? tensor.substring(0, tensor.length() - AdaptedModule.WEIGHT.length()) : tensor;
    }

    private Inventory.Owned owned(String parameter) {
        return model.inventory().parameters().get(parameter);
    }

    /// All modules that can be adapted, by path.
    Set<String> all() {
        return linear.keySet();
    }

    /// The modules a configuration means.
    /// @throws TrainingException if a target is the name of none
    List<AdaptedModule> chosen(LoraConfig config) {
        Set<String> chosen = new TreeSet<>();
        for (String target : config.targets()) {
            ParameterPattern pattern = new ParameterPattern(target);
            List<AdaptedModule> meant = linear.values().stream().filter(module -> target.equals(LoraConfig.ALL) ? isInner(module)
                    : named(pattern, module)).toList();
            if (meant.isEmpty()) {
                throw new TrainingException("lora.targets: no linear weight is called " + target + hint(target));
            }
            meant.forEach(module -> chosen.add(module.path()));
        }
        return linear.values().stream().filter(module -> chosen.contains(module.path())).toList();
    }

    /// Whether a module lies in a block and is no router, whose small scores choose rather than transform.
    private boolean isInner(AdaptedModule module) {
        return module.parts().stream().allMatch(part -> owned(part.parameter()).layer().isPresent()
                && !part.parameter().endsWith("router.weight"));
    }

    private static boolean named(ParameterPattern pattern, AdaptedModule module) {
        return pattern.ends(module.path()) || pattern.covers(module.path())
                || module.parts().stream().map(part -> own(part.parameter())).anyMatch(name -> pattern.ends(name) || pattern.covers(name));
    }

    private static String own(String parameter) {
        return parameter.endsWith(AdaptedModule.WEIGHT)
                ? parameter.substring(0, parameter.length() - AdaptedModule.WEIGHT.length()) : parameter;
    }

    private String hint(String target) {
        Set<String> names = new TreeSet<>();
        for (AdaptedModule module : linear.values()) {
            names.add(module.path().substring(module.path().lastIndexOf('.') + 1));
            module.parts().forEach(part -> names.add(own(part.parameter()).substring(own(part.parameter()).lastIndexOf('.') + 1)));
        }
        return Nearest.hint(target, names) + "; known are " + LoraConfig.ALL + ", " + String.join(", ", names);
    }

    Tensor weight(AdaptedModule.Part part) {
        return model.parameters().get(part.parameter());
    }
}
