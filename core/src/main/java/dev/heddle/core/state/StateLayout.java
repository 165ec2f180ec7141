package dev.heddle.core.state;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What a sequence of one model must remember, gathered while the model is built: recurrent states of constant
/// size, and keys and values that grow with the sequence. Shared blocks register once for each use.
public final class StateLayout {
    /// A constant-size state of `elements` f32 numbers that starts as `initial`.
    public record Recurrent(String name, int elements, float initial) {
    }

    /// Keys and values of one attention layer.
    ///
    /// @param window positions that stay visible; 0 for all
    public record KeyValue(String name, int keyWidth, int valueWidth, int window) {
    }

    private final List<Recurrent> recurrent = new ArrayList<>();
    private final List<KeyValue> keyValues = new ArrayList<>();
    private final Map<String, Integer> published = new HashMap<>();
    private int prologue;

    /// Registers a recurrent state; the number returned finds it in a [StatePool].
    public int addRecurrent(String name, int elements, float initial) {
        recurrent.add(new Recurrent(name, elements, initial));
        return recurrent.size() - 1;
    }

    /// Registers an attention layer's keys and values; the number returned finds them in a [StatePool].
    public int addKeyValues(String name, int keyWidth, int valueWidth, int window) {
        keyValues.add(new KeyValue(name, keyWidth, valueWidth, window));
        return keyValues.size() - 1;
    }

    /// Lets later layers find keys and values by `name`.
    public void publishKeyValues(String name, int id) {
        if (published.putIfAbsent(name, id) != null) {
            throw new IllegalArgumentException("two layers publish keys and values as " + name);
        }
    }

    /// The keys and values published under `name`; a reader that sees farther than their own layer makes them stay
    /// longer.
    ///
    /// @param window positions the reader sees; 0 for all
    public int earlierKeyValues(String name, int window) {
        Integer id = published.get(name);
        if (id == null) {
            throw new IllegalArgumentException("no earlier layer publishes keys and values as " + name);
        }
        KeyValue own = keyValues.get(id);
        int widest = own.window() == 0 || window == 0 ? 0 : Math.max(own.window(), window);
        keyValues.set(id, new KeyValue(own.name(), own.keyWidth(), own.valueWidth(), widest));
        return id;
    }

    /// Registers `rows` rows that come before the tokens of every sequence (meta tokens): they have positions, keys and
    /// values, and no window drops them.
    public void prologue(int rows) {
        prologue = rows;
    }

    /// Rows before the tokens of every sequence.
    public int prologue() {
        return prologue;
    }

    public List<Recurrent> recurrent() {
        return List.copyOf(recurrent);
    }

    public List<KeyValue> keyValues() {
        return List.copyOf(keyValues);
    }

    /// Bytes of the recurrent states of one sequence.
    public long recurrentBytes() {
        return recurrent.stream().mapToLong(state -> 4L * state.elements()).sum();
    }

    /// Bytes of keys and values of a sequence of `positions` tokens at `elementBytes` bytes a number.
    public long keyValueBytes(long positions, int elementBytes) {
        return keyValues.stream().mapToLong(kv -> (prologue
                + (kv.window() == 0 ? positions : Math.min(positions, kv.window())))
                * (kv.keyWidth() + kv.valueWidth()) * elementBytes).sum();
    }
}
