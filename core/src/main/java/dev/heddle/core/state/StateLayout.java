package dev.heddle.core.state;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What a sequence of one model must remember, gathered while the model is built: recurrent states of constant
/// size, and keys and values that grow with the sequence. Shared blocks register once for each use.
public final class StateLayout {
    /// A constant-size state of `elements` numbers that starts as `initial`.
    ///
    /// @param large whether it is stored as [StateTypes#recurrent] says; others are in f32
    public record Recurrent(String name, int elements, float initial, boolean large) {
        /// Bytes of one sequence's state.
        public long bytes(StateTypes types) {
            return type(types).bytes(elements);
        }

        RecurrentType type(StateTypes types) {
            return large ? types.recurrent() : RecurrentType.F32;
        }
    }

    /// Keys and values of one attention layer.
    ///
    /// @param heads    how many key and value heads
    /// @param keyDim   width of a key head
    /// @param valueDim width of a value head
    /// @param window   positions that stay visible; 0 for all
    public record KeyValue(String name, int heads, int keyDim, int valueDim, int window) {
        public int keyWidth() {
            return heads * keyDim;
        }

        public int valueWidth() {
            return heads * valueDim;
        }

        /// Bytes of one position.
        public long bytes(StateTypes types) {
            return types.keyBytes(keyWidth()) + types.valueBytes(valueWidth());
        }
    }

    private final List<Recurrent> recurrent = new ArrayList<>();
    private final List<KeyValue> keyValues = new ArrayList<>();
    private final Map<String, Integer> published = new HashMap<>();
    private int prologue;

    /// Registers a recurrent state in f32; the number returned finds it in a [StatePool].
    public int addRecurrent(String name, int elements, float initial) {
        recurrent.add(new Recurrent(name, elements, initial, false));
        return recurrent.size() - 1;
    }

    /// Registers a recurrent state that starts at zero and may be stored rounded.
    public int addLargeRecurrent(String name, int elements) {
        recurrent.add(new Recurrent(name, elements, 0, true));
        return recurrent.size() - 1;
    }

    /// Registers an attention layer's keys and values; the number returned finds them in a [StatePool].
    public int addKeyValues(String name, int heads, int keyDim, int valueDim, int window) {
        keyValues.add(new KeyValue(name, heads, keyDim, valueDim, window));
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
        keyValues.set(id, new KeyValue(own.name(), own.heads(), own.keyDim(), own.valueDim(), widest));
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
    public long recurrentBytes(StateTypes types) {
        return recurrent.stream().mapToLong(state -> state.bytes(types)).sum();
    }

    /// Bytes of keys and values of a sequence of `positions` tokens.
    public long keyValueBytes(long positions, StateTypes types) {
        return keyValues.stream().mapToLong(kv -> (prologue
                + (kv.window() == 0 ? positions : Math.min(positions, kv.window()))) * kv.bytes(types)).sum();
    }
}
