package dev.heddle.checkpoint.tokenizer;

import java.util.Arrays;

/// Finds which of many keys begin at a place in a sequence. Keys are sequences of small numbers (bytes or UTF-16
/// units). The edges lie in one hash table: (node, unit) → child.
final class PrefixTrie {
    /// No key ends at this node; no such edge.
    static final int NONE = -1;
    static final int ROOT = 0;

    private long[] edges = new long[1 << 10];
    private int[] children = new int[1 << 10];
    private int[] values = new int[1 << 8];
    private int nodes = 1;

    PrefixTrie() {
        Arrays.fill(edges, NONE);
        Arrays.fill(values, NONE);
    }

    /// Adds a key.
    /// @param value what the key's last node holds, 0 or more
    /// @return the value that the same key had before, or [#NONE]
    int put(CharSequence key, int value) {
        int node = ROOT;
        for (int i = 0; i < key.length(); i++) {
            node = grow(node, key.charAt(i));
        }
        return set(node, value);
    }

    int put(byte[] key, int value) {
        int node = ROOT;
        for (byte unit : key) {
            node = grow(node, unit & 0xFF);
        }
        return set(node, value);
    }

    /// The node reached from `node` by `unit`, or [#NONE].
    int child(int node, int unit) {
        int slot = slot(edges, edge(node, unit));
        return edges[slot] == NONE ? NONE : children[slot];
    }

    /// The value of the key that ends at `node`, or [#NONE].
    int value(int node) {
        return values[node];
    }

    /// The end of the longest key in `text` that begins at `start`; `start` itself if there is none.
    int longest(CharSequence text, int start) {
        int end = start;
        int node = ROOT;
        for (int i = start; i < text.length(); i++) {
            node = child(node, text.charAt(i));
            if (node == NONE) {
                break;
            }
            if (values[node] != NONE) {
                end = i + 1;
            }
        }
        return end;
    }

    private int set(int node, int value) {
        int before = values[node];
        values[node] = value;
        return before;
    }

    private int grow(int node, int unit) {
        long edge = edge(node, unit);
        int slot = slot(edges, edge);
        if (edges[slot] != NONE) {
            return children[slot];
        }
        edges[slot] = edge;
        children[slot] = nodes;
        if (nodes == values.length) {
            values = Arrays.copyOf(values, 2 * nodes);
            Arrays.fill(values, nodes, values.length, NONE);
        }
        int child = nodes++;
        if (2 * nodes > edges.length) {
            rehash();
        }
        return child;
    }

    private void rehash() {
        long[] wide = new long[2 * edges.length];
        int[] wideChildren = new int[wide.length];
        Arrays.fill(wide, NONE);
        for (int i = 0; i < edges.length; i++) {
            if (edges[i] != NONE) {
                int slot = slot(wide, edges[i]);
                wide[slot] = edges[i];
                wideChildren[slot] = children[i];
            }
        }
        edges = wide;
        children = wideChildren;
    }

    private static long edge(int node, int unit) {
        return (long) node << 16 | unit;
    }

    private static int slot(long[] table, long edge) {
        int mask = table.length - 1;
        int slot = (int) (edge * 0x9E3779B97F4A7C15L >>> 32) & mask;
        while (table[slot] != NONE && table[slot] != edge) {
            slot = slot + 1 & mask;
        }
        return slot;
    }
}
