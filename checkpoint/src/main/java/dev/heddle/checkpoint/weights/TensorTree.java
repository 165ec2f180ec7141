package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Finds the named tensors in what a pickle holds.
///
/// 1. A dictionary that has one of the entries `state_dict`, `model_state_dict`, `model` or `module`, itself a
///    dictionary with tensors in it, stands for that entry (the first of them, in this order), again and again:
///    training checkpoints wrap the weights like this, beside optimizer state that nobody wants to load.
/// 2. What remains is flattened: keys of nested dictionaries and indexes of lists are joined with dots.
///    A dictionary of plain tensors keeps its names as they are.
/// 3. Values that are no tensors are passed over. A tensor saved alone is called `tensor`.
final class TensorTree {
    private static final List<String> WRAPPERS = List.of("state_dict", "model_state_dict", "model", "module");
    private static final int MAX_DEPTH = 64;
    private static final int MAX_VALUES = 8_000_000;
    private static final long MAX_NAMES = 64L << 20;

    private final String origin;
    private final Map<String, TorchTensor> tensors = new LinkedHashMap<>();
    private int values;
    private long characters;

    private TensorTree(String origin) {
        this.origin = origin;
    }

    static Map<String, TorchTensor> flatten(Object root, String origin) {
        TensorTree tree = new TensorTree(origin);
        Object unwrapped = root;
        for (int depth = 0; depth < MAX_DEPTH; depth++) {
            Object inner = tree.unwrap(unwrapped);
            if (inner == unwrapped) {
                break;
            }
            unwrapped = inner;
        }
        if (unwrapped instanceof TorchTensor tensor) {
            return Map.of("tensor", tensor);
        }
        tree.collect(unwrapped, "", 0);
        if (tree.tensors.isEmpty()) {
            throw new CheckpointException(origin + ": holds " + PickleMachine.kind(root) + " without any tensor");
        }
        return Collections.unmodifiableMap(tree.tensors);
    }

    private Object unwrap(Object value) {
        if (value instanceof Map<?, ?> map) {
            for (String wrapper : WRAPPERS) {
                if (map.get(wrapper) instanceof Map<?, ?> inner
                        && hasTensors(inner, 0, Collections.newSetFromMap(new IdentityHashMap<>()))) {
                    return inner;
                }
            }
        }
        return value;
    }

    private boolean hasTensors(Object value, int depth, Set<Object> seen) {
        if (value instanceof TorchTensor) {
            return true;
        }
        Iterable<?> children = switch (value) {
            case Map<?, ?> map -> map.values();
            case List<?> list -> list;
            case PickleMachine.Tuple tuple -> tuple.items();
            default -> List.of();
        };
        if (!children.iterator().hasNext() || depth > MAX_DEPTH || !seen.add(value)) {
            return false;
        }
        for (Object child : children) {
            if (hasTensors(child, depth + 1, seen)) {
                return true;
            }
        }
        return false;
    }

    private void collect(Object value, String prefix, int depth) {
        if (++values > MAX_VALUES) {
            throw new CheckpointException(origin + ": holds more than " + MAX_VALUES + " values");
        }
        if (depth > MAX_DEPTH) {
            throw new CheckpointException(origin + ": nests values deeper than " + MAX_DEPTH + " levels");
        }
        switch (value) {
            case TorchTensor tensor -> {
                characters += prefix.length();
                if (characters > MAX_NAMES) {
                    throw new CheckpointException(origin + ": tensor names of more than " + MAX_NAMES + " characters");
                }
                if (tensors.put(prefix, tensor) != null) {
                    throw new CheckpointException(origin + ": two tensors are called " + prefix);
                }
            }
            case Map<?, ?> map -> map.forEach((key, child) -> descend(String.valueOf(key), child, prefix, depth));
            case List<?> list -> descend(list, prefix, depth);
            case PickleMachine.Tuple tuple -> descend(tuple.items(), prefix, depth);
            default -> {
                // numbers, texts and the like are no weights
            }
        }
    }

    private void descend(List<?> list, String prefix, int depth) {
        int index = 0;
        for (Object child : list) {
            descend(String.valueOf(index++), child, prefix, depth);
        }
    }

    private void descend(String key, Object child, String prefix, int depth) {
        boolean leads = child instanceof TorchTensor || child instanceof Map || child instanceof List
                || child instanceof PickleMachine.Tuple;
        if (leads) {
            String name = prefix.isEmpty() ? key : prefix + "." + key;
            if (name.length() > 4096) {
                throw new CheckpointException(origin + ": a tensor name of " + name.length() + " characters");
            }
            collect(child, name, depth + 1);
        }
    }
}
