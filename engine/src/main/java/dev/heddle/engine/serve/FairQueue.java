package dev.heddle.engine.serve;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/// Items that wait, in a line for each client. The client with the fewest items at work is served first; among equals
/// clients take turns.
final class FairQueue<T> {
    /// By client, the one whose turn it is first.
    private final Map<String, Deque<T>> lines = new LinkedHashMap<>();
    private int size;

    int size() {
        return size;
    }

    void add(String client, T item) {
        lines.computeIfAbsent(client, _ -> new ArrayDeque<>()).addLast(item);
        size++;
    }

    /// Whose turn it is.
    ///
    /// @param atWork how many items of a client are at work
    Optional<String> turn(ToIntFunction<String> atWork) {
        String chosen = null;
        int fewest = Integer.MAX_VALUE;
        for (String client : lines.keySet()) {
            int count = atWork.applyAsInt(client);
            if (count < fewest) {
                fewest = count;
                chosen = client;
            }
        }
        return Optional.ofNullable(chosen);
    }

    T peek(String client) {
        return lines.get(client).getFirst();
    }

    /// Takes the first item of `client` and sends the client to the end of the turn.
    T take(String client) {
        Deque<T> line = lines.remove(client);
        T item = line.removeFirst();
        if (!line.isEmpty()) {
            lines.put(client, line);
        }
        size--;
        return item;
    }

    /// Takes all items that `condition` holds for.
    List<T> takeIf(Predicate<T> condition) {
        List<T> taken = new ArrayList<>();
        for (Map.Entry<String, Deque<T>> line : lines.entrySet()) {
            line.getValue().removeIf(item -> condition.test(item) && taken.add(item));
        }
        lines.values().removeIf(Deque::isEmpty);
        size -= taken.size();
        return taken;
    }
}
