package dev.heddle.engine.cache;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A radix tree over token ids whose edges are blocks of a fixed number of tokens; values stand at multiples of it.
final class PrefixTree<V> {
    /// The place after some blocks of tokens.
    static final class Node<V> {
        private final Optional<Node<V>> parent;
        private final Block edge;
        private final int depth;
        private final Map<Block, Node<V>> children = new HashMap<>();
        private Optional<V> value = Optional.empty();

        private Node(Optional<Node<V>> parent, Block edge, int depth) {
            this.parent = parent;
            this.edge = edge;
            this.depth = depth;
        }

        /// Blocks from the root to here.
        int depth() {
            return depth;
        }

        Optional<V> value() {
            return value;
        }

        /// The nearest node above that has a value.
        Optional<Node<V>> ancestor() {
            Optional<Node<V>> at = parent;
            while (at.isPresent() && at.get().value.isEmpty()) {
                at = at.get().parent;
            }
            return at;
        }

        /// The tokens from the root to here.
        int[] tokens() {
            List<int[]> parts = new ArrayList<>();
            for (Optional<Node<V>> at = Optional.of(this); at.get().parent.isPresent(); at = at.get().parent) {
                parts.add(at.get().edge.ids());
            }
            return parts.reversed().stream().flatMapToInt(Arrays::stream).toArray();
        }
    }

    private record Block(int[] ids) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Block block && Arrays.equals(ids, block.ids);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(ids);
        }
    }

    private final int block;
    private final Node<V> root = new Node<>(Optional.empty(), new Block(new int[0]), 0);

    /// @param block tokens of an edge
    PrefixTree(int block) {
        this.block = block;
    }

    /// The deepest node with a value on the way of the first `most` of `tokens`.
    Optional<Node<V>> deepest(int[] tokens, int most) {
        Node<V> at = root;
        Optional<Node<V>> found = Optional.empty();
        for (int end = block; end <= most; end += block) {
            at = at.children.get(new Block(Arrays.copyOfRange(tokens, end - block, end)));
            if (at == null) {
                break;
            }
            if (at.value.isPresent()) {
                found = Optional.of(at);
            }
        }
        return found;
    }

    /// The node after the first `length` of `tokens`, made if need be.
    ///
    /// @param length a multiple of the block, at least one
    Node<V> place(int[] tokens, int length) {
        Node<V> at = root;
        for (int end = block; end <= length; end += block) {
            Node<V> parent = at;
            at = at.children.computeIfAbsent(new Block(Arrays.copyOfRange(tokens, end - block, end)),
                    edge -> new Node<>(Optional.of(parent), edge, parent.depth + 1));
        }
        return at;
    }

    void put(Node<V> node, V value) {
        node.value = Optional.of(value);
    }

    /// Takes the value away, and the nodes that lead to no other.
    void remove(Node<V> node) {
        node.value = Optional.empty();
        Node<V> at = node;
        while (at.value.isEmpty() && at.children.isEmpty() && at.parent.isPresent()) {
            at.parent.get().children.remove(at.edge);
            at = at.parent.get();
        }
    }

    void forEach(Consumer<Node<V>> action) {
        List<Node<V>> open = new ArrayList<>(List.of(root));
        while (!open.isEmpty()) {
            Node<V> at = open.removeLast();
            if (at.value.isPresent()) {
                action.accept(at);
            }
            open.addAll(at.children.values());
        }
    }
}
