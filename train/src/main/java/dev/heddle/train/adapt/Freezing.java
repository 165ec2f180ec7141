package dev.heddle.train.adapt;

import dev.heddle.checkpoint.text.Nearest;
import dev.heddle.train.TrainingException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Which parameters a training leaves as they are.
public final class Freezing {
    private Freezing() {
    }

    /// The names that any of the patterns covers.
    /// @throws TrainingException if a pattern covers none, or nothing is left to train
    public static Set<String> of(List<String> patterns, Collection<String> parameters) {
        Set<String> frozen = new HashSet<>();
        for (String text : patterns) {
            ParameterPattern pattern = new ParameterPattern(text);
            List<String> covered = parameters.stream().filter(pattern::covers).toList();
            if (covered.isEmpty()) {
                throw new TrainingException("freeze: no parameter is called " + text + Nearest.hint(text, paths(parameters))
                        + "; there are " + String.join(", ", parameters.stream().limit(4).toList()) + ", …");
            }
            frozen.addAll(covered);
        }
        if (frozen.size() == parameters.size()) {
            throw new TrainingException("freeze: " + String.join(", ", patterns) + " leaves nothing to train");
        }
        return frozen;
    }

    /// Names and everything they lie in.
    static Set<String> paths(Collection<String> names) {
        Set<String> paths = new TreeSet<>();
        for (String name : names) {
            for (int dot = name.length(); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
                paths.add(name.substring(0, dot));
            }
        }
        return paths;
    }
}
