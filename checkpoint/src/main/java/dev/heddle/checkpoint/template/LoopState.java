package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Values.Function;
import dev.heddle.checkpoint.template.Values.Undefined;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;

/// The variable `loop` of a `for`: gives out the items and knows the place among them. Items are taken from the source
/// only when asked for, so a filter sees what the loop's body has done before.
final class LoopState implements Iterator<Object> {
    private final Iterator<Object> source;
    private final int depth;
    private final Budget budget;
    private final Optional<Function> recursion;
    /// Items taken from the source and not yet given out.
    private final List<Object> ahead = new ArrayList<>();
    private int index = -1;
    private Object previous;
    private Object current;
    private List<Object> lastChanged;

    /// @param depth how many loops of this recursion are around it
    /// @param recursion what calling `loop(…)` does in a recursive loop
    LoopState(Iterator<Object> source, int depth, Optional<Function> recursion, Budget budget) {
        this.source = source;
        this.depth = depth;
        this.recursion = recursion;
        this.budget = budget;
    }

    @Override
    public boolean hasNext() {
        return !ahead.isEmpty() || source.hasNext();
    }

    @Override
    public Object next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        previous = current;
        current = ahead.isEmpty() ? source.next() : ahead.removeFirst();
        index++;
        return current;
    }

    int length() {
        while (source.hasNext()) {
            ahead.add(source.next());
            if ((ahead.size() & 0xFFFF) == 0) {
                budget.items(ahead.size());
            }
        }
        return index + 1 + ahead.size();
    }

    Optional<Function> recursion() {
        return recursion;
    }

    Optional<Object> attribute(String name) {
        Object value = switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> (long) length() - index;
            case "revindex0" -> (long) length() - index - 1;
            case "first" -> index == 0;
            case "last" -> !hasNext();
            case "length" -> (long) length();
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> index == 0 ? new Undefined("there is no previous item", false) : previous;
            case "nextitem" -> {
                if (ahead.isEmpty() && source.hasNext()) {
                    ahead.add(source.next());
                }
                yield ahead.isEmpty() ? new Undefined("there is no next item", false) : ahead.getFirst();
            }
            case "cycle" -> (Function) (interpreter, arguments) -> {
                if (arguments.positional().isEmpty()) {
                    throw TemplateException.value("no items for cycling given");
                }
                return arguments.positional().get(index % arguments.positional().size());
            };
            case "changed" -> (Function) (interpreter, arguments) -> {
                boolean changed = lastChanged == null || !Values.equal(lastChanged, arguments.positional(), budget);
                lastChanged = arguments.positional();
                return changed;
            };
            default -> null;
        };
        return Optional.ofNullable(value);
    }
}
