package dev.heddle.train.adapt;

import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Names parameters the short way: `embedding` means everything below that path, and `*` stands for any characters, so
/// `blocks.0.*` is the first block and `*.norm.weight` every weight of a norm.
public final class ParameterPattern {
    private final String text;
    private final Pattern whole;
    private final Pattern ending;

    public ParameterPattern(String text) {
        this.text = text;
        String regex = Arrays.stream(text.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
        whole = Pattern.compile(regex + "(\\..*)?");
        ending = Pattern.compile("(.*\\.)?" + regex);
    }

    /// Whether `path`, or something it lies in, is called so.
    public boolean covers(String path) {
        return whole.matcher(path).matches();
    }

    /// Whether `path` ends with these components.
    public boolean ends(String path) {
        return ending.matcher(path).matches();
    }

    @Override
    public String toString() {
        return text;
    }
}
