package dev.heddle.engine.cache;

import dev.heddle.core.state.KeptState;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.Snapshot;
import dev.heddle.core.state.StatePool;
import dev.heddle.engine.cache.PrefixTree.Node;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.SequencedSet;

/// What sequences remembered at multiples of a block of tokens, found by their tokens: a prompt that begins like an
/// earlier one goes on from there. Conversations share what they have in common, keys and values page by page.
///
/// An answer does not depend on the cache if whoever fills it keeps only what a prompt's pieces have computed, cut at the
/// same multiples ([#keep]): the same pieces would have been computed without it.
///
/// In memory and on disk the least recently used give way. Not safe for use by several threads at a time.
public final class PrefixCache implements AutoCloseable {
    /// @param state  absent if it is only on disk
    /// @param onDisk whether a file of it has been written or is about to be
    private record Entry(Optional<KeptState> state, boolean onDisk) {
    }

    private final StatePool pool;
    private final int block;
    private final Optional<SnapshotFolder> folder;
    private final PrefixTree<Entry> tree;
    private final SequencedSet<Node<Entry>> recent = new LinkedHashSet<>();
    private long limit;
    private long hits;
    private long misses;

    /// @param block  tokens between two places where a state may be kept
    /// @param limit  bytes it may hold in memory
    /// @param folder where it also keeps its states, closed with the cache
    public PrefixCache(StatePool pool, int block, long limit, Optional<SnapshotFolder> folder) {
        this.pool = pool;
        this.block = block;
        this.limit = limit;
        this.folder = folder;
        tree = new PrefixTree<>(block);
        folder.ifPresent(files -> files.prefixes().forEach(tokens -> {
            if (tokens.length > 0 && tokens.length % block == 0) {
                tree.put(tree.place(tokens, tokens.length), new Entry(Optional.empty(), true));
            }
        }));
    }

    /// A sequence that has seen as much of `prompt` as the cache knows, but never all of it; empty if it knows nothing.
    public Optional<SequenceState> resume(int[] prompt) {
        for (Optional<Node<Entry>> found = tree.deepest(prompt, prompt.length - 1); found.isPresent();
                found = tree.deepest(prompt, prompt.length - 1)) {
            Node<Entry> node = found.get();
            Optional<SequenceState> sequence = resume(node, prompt);
            if (sequence.isPresent()) {
                hits++;
                if (node.value().orElseThrow().onDisk()) {
                    touchFiles(node);
                }
                return sequence;
            }
            tree.remove(node);
        }
        misses++;
        return Optional.empty();
    }

    private Optional<SequenceState> resume(Node<Entry> node, int[] prompt) {
        Entry entry = node.value().orElseThrow();
        if (entry.state().isPresent()) {
            use(node);
            return Optional.of(entry.state().get().resume());
        }
        Optional<Snapshot> snapshot = folder.flatMap(files -> files.read(prompt, node.depth() * block));
        try {
            Optional<SequenceState> sequence = snapshot.map(pool::restore);
            sequence.ifPresent(restored -> remember(node, restored, true));
            return sequence;
        } catch (IllegalArgumentException e) {
            folder.ifPresent(files -> files.discard(prompt, node.depth() * block, e.getMessage()));
            return Optional.empty();
        }
    }

    /// Least recently used files go first; what others build on must outlive them.
    private void touchFiles(Node<Entry> node) {
        for (Optional<Node<Entry>> at = Optional.of(node); at.isPresent(); at = at.get().ancestor()) {
            if (at.get().value().orElseThrow().onDisk()) {
                int[] tokens = at.get().tokens();
                folder.ifPresent(files -> files.touch(tokens));
            }
        }
    }

    /// Keeps what `sequence` remembers after the tokens of `prompt` that it has seen.
    ///
    /// @param sequence stands at a multiple of the block, all of it computed in pieces that end at multiples of the block
    public void keep(int[] prompt, SequenceState sequence) {
        int position = (int) sequence.position();
        if (position == 0 || position % block != 0 || position > prompt.length) {
            throw new IllegalArgumentException("a state is kept at multiples of " + block + " tokens of a prompt of "
                    + prompt.length + ", not at " + position);
        }
        Node<Entry> node = tree.place(prompt, position);
        if (node.value().flatMap(Entry::state).isPresent()) {
            use(node);
            return;
        }
        boolean onDisk = node.value().map(Entry::onDisk).orElse(false);
        if (!onDisk && folder.isPresent()) {
            SnapshotFolder files = folder.get();
            int since = node.ancestor().filter(above -> above.value().orElseThrow().onDisk() && files.has(above.tokens()))
                    .map(above -> above.depth() * block).orElse(0);
            onDisk = files.write(prompt, position, since, () -> pool.snapshot(sequence, since));
        }
        remember(node, sequence, onDisk);
    }

    private void remember(Node<Entry> node, SequenceState sequence, boolean onDisk) {
        if (pool.recurrentBytes() <= limit) {
            tree.put(node, new Entry(Optional.of(pool.keep(sequence)), onDisk));
            use(node);
            limit(limit);
        } else if (onDisk) {
            tree.put(node, new Entry(Optional.empty(), true));
        } else {
            tree.remove(node);
        }
    }

    private void use(Node<Entry> node) {
        recent.remove(node);
        recent.addLast(node);
    }

    /// Sets how many bytes it may hold in memory and lets the least recently used go.
    public void limit(long bytes) {
        limit = bytes;
        Iterator<Node<Entry>> oldest = recent.iterator();
        while (bytes() > limit && oldest.hasNext()) {
            Node<Entry> node = oldest.next();
            oldest.remove();
            Entry entry = node.value().orElseThrow();
            entry.state().ifPresent(KeptState::close);
            if (entry.onDisk()) {
                tree.put(node, new Entry(Optional.empty(), true));
            } else {
                tree.remove(node);
            }
        }
    }

    /// Bytes it holds in memory.
    public long bytes() {
        return pool.keptBytes();
    }

    public CacheCounters counters() {
        return new CacheCounters(bytes(), recent.size(), folder.map(SnapshotFolder::bytes).orElse(0L), hits, misses);
    }

    @Override
    public void close() {
        recent.forEach(node -> node.value().flatMap(Entry::state).ifPresent(KeptState::close));
        recent.clear();
        folder.ifPresent(SnapshotFolder::close);
    }
}
