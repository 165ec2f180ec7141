package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Statement.Parameter;
import dev.heddle.checkpoint.template.Values.Function;
import dev.heddle.checkpoint.template.Values.Undefined;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A `{% macro %}` or the body of a `{% call %}`: called with arguments it gives the text its body renders to.
///
/// @param uses the names that the body reads
/// @param scope where it was defined, whose names it sees
record Macro(String name, List<Parameter> parameters, List<Statement> body, Set<String> uses, Scope scope)
        implements Function {
    @Override
    public Object call(Interpreter interpreter, Arguments arguments) {
        Scope inner = new Scope(scope);
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        List<Object> positional = arguments.positional();
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            Object value = named.remove(parameter.name());
            if (i < positional.size()) {
                if (value != null) {
                    throw TemplateException.value("macro '" + name + "' got multiple values for argument '"
                            + parameter.name() + "'");
                }
                value = positional.get(i);
            }
            if (value == null) {
                value = parameter.fallback().isPresent()
                        ? interpreter.evaluate(parameter.fallback().get(), inner)
                        : new Undefined("parameter '" + parameter.name() + "' was not provided", false);
            }
            inner.set(parameter.name(), value);
        }
        Object caller = named.remove("caller");
        if (caller != null) {
            if (!uses.contains("caller")) {
                throw TemplateException.value("macro '" + name + "' was invoked with two values for the special caller"
                        + " argument. This is most likely a bug.");
            }
            inner.set("caller", caller);
        } else if (uses.contains("caller")) {
            inner.set("caller", new Undefined("No caller defined", false));
        }
        if (uses.contains("kwargs")) {
            inner.set("kwargs", named);
        } else if (!named.isEmpty()) {
            throw TemplateException.value("macro '" + name + "' takes no keyword argument '"
                    + named.keySet().iterator().next() + "'");
        }
        boolean more = positional.size() > parameters.size();
        if (uses.contains("varargs")) {
            inner.set("varargs", new Values.Tuple(more
                    ? positional.subList(parameters.size(), positional.size()) : List.of()));
        } else if (more) {
            throw TemplateException.value("macro '" + name + "' takes not more than " + parameters.size()
                    + " argument(s)");
        }
        return interpreter.capture(body, inner);
    }

    Optional<Object> attribute(String attribute) {
        return switch (attribute) {
            case "name" -> Optional.of(name);
            case "arguments" -> Optional.of(new Values.Tuple(parameters.stream().map(Parameter::name).toList()));
            default -> Optional.empty();
        };
    }
}
