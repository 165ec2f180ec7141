package dev.heddle.core.state;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.kernel.KeyValues;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Storage;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;

/// The states of all sequences of one model on one device: a tensor `[slots, elements]` for each recurrent state,
/// pages for keys and values. It grows as needed; kernels get the tensors and slot numbers, and sequences that begin
/// alike share pages, so batching and forking copy nothing they need not.
///
/// Not safe for use by several threads at a time.
public final class StatePool implements AutoCloseable {
    private static final long ALIGNMENT = 64;
    /// Pages that are added at least.
    private static final int LEAST_GROWTH = 8;

    private final Backend backend;
    private final StateLayout layout;
    private final StateTypes types;
    private final Tensor[] recurrent;
    private final Tensor[] keys;
    private final Tensor[] values;
    private final PageTable[] tableOf;
    private final List<PageTable> tables = new ArrayList<>();
    private final Deque<Integer> freeSlots = new ArrayDeque<>();
    private int slots;
    private int expected = Integer.MAX_VALUE;
    private long expectedBytes = Long.MAX_VALUE;
    private int kept;

    /// A pool that rounds no recurrent states.
    ///
    /// @param keyValueType how keys and values are stored: f32, bf16, f16 or q8_0
    public StatePool(Backend backend, StateLayout layout, DType keyValueType) {
        this(backend, layout, StateTypes.keyValues(keyValueType));
    }

    /// @throws IllegalArgumentException if the layout's heads do not fit the types
    public StatePool(Backend backend, StateLayout layout, StateTypes types) {
        types.requireFit(layout);
        this.backend = backend;
        this.layout = layout;
        this.types = types;
        recurrent = new Tensor[layout.recurrent().size()];
        int attention = layout.keyValues().size();
        keys = new Tensor[attention];
        values = new Tensor[attention];
        tableOf = new PageTable[attention];
        for (int i = 0; i < attention; i++) {
            tableOf[i] = table(layout.keyValues().get(i).window());
        }
        growSlots(1);
    }

    private PageTable table(int window) {
        for (PageTable table : tables) {
            if (table.window() == window) {
                return table;
            }
        }
        PageTable table = new PageTable(window);
        tables.add(table);
        return table;
    }

    public StateLayout layout() {
        return layout;
    }

    /// How everything is stored.
    public StateTypes types() {
        return types;
    }

    /// Bytes of one sequence's recurrent states.
    public long recurrentBytes() {
        return layout.recurrentBytes(types);
    }

    /// Says how many sequences will be open at a time at most, and how many bytes their keys and values will take together
    /// with those of kept states, so that no room is made for more.
    public void expect(int sequences, long keyValueBytes) {
        expected = sequences;
        expectedBytes = keyValueBytes;
    }

    /// A new empty sequence.
    public SequenceState open() {
        if (freeSlots.isEmpty()) {
            growSlots(Math.max(slots + 1, Math.min(slots * 2, expected)));
        }
        SequenceState sequence = new SequenceState(this, freeSlots.removeFirst());
        clear(sequence.slot());
        return sequence;
    }

    private void clear(int slot) {
        for (int i = 0; i < recurrent.length; i++) {
            backend.fill(recurrent[i].rowRange(slot, slot + 1L), layout.recurrent().get(i).initial());
        }
    }

    /// Makes room for `tokens` more positions of `sequence`; call before a pass.
    public void reserve(SequenceState sequence, long tokens) {
        long rows = sequence.rows();
        long end = tokens == 0 ? rows : layout.prologue() + sequence.position() + tokens;
        for (PageTable table : tables) {
            table.leave(sequence.slot(), rows, layout.prologue());
            boolean shared = end > rows && table.isShared(sequence.slot(), rows);
            int missing = table.missing(sequence.slot(), end) + (shared ? 1 : 0);
            if (missing > table.free()) {
                growPages(table, larger(table, table.capacity() - table.free() + missing));
            }
            if (shared) {
                part(table, sequence.slot(), rows);
            }
            table.extend(sequence.slot(), end);
        }
    }

    /// Copies the page that holds `position` before it is written, because others see it too.
    private void part(PageTable table, int slot, long position) {
        long from = (long) table.part(slot, position) * PageTable.ROWS;
        long to = (long) table.pages()[slot][(int) (position / PageTable.ROWS)] * PageTable.ROWS;
        for (int id = 0; id < keys.length; id++) {
            if (tableOf[id] == table) {
                backend.copyRows(keys[id], to, keys[id], from, PageTable.ROWS);
                backend.copyRows(values[id], to, values[id], from, PageTable.ROWS);
            }
        }
    }

    /// Notes that a pass has fed `tokens` positions.
    public void advance(SequenceState sequence, long tokens) {
        sequence.advance(tokens);
    }

    /// Recurrent state `id` of all sequences, [slots, elements] in f32, or as its [RecurrentType] stores it.
    public Tensor recurrent(int id) {
        return recurrent[id];
    }

    private RecurrentType recurrentType(int id) {
        return layout.recurrent().get(id).type(types);
    }

    /// Keys and values of attention layer `id` of all sequences.
    public KeyValues keyValues(int id) {
        return new KeyValues(keys[id], values[id], tableOf[id].pages(), PageTable.ROWS);
    }

    SequenceState fork(SequenceState from) {
        SequenceState to = open();
        for (Tensor state : recurrent) {
            backend.copyRows(state, to.slot(), state, from.slot(), 1);
        }
        for (PageTable table : tables) {
            table.adopt(to.slot(), table.pages()[from.slot()]);
        }
        to.position(from.position());
        return to;
    }

    /// Everything `sequence` remembers now, kept on the device: recurrent states are copied, pages shared.
    public KeptState keep(SequenceState sequence) {
        long bytes = 0;
        for (int i = 0; i < recurrent.length; i++) {
            bytes += aligned(i);
        }
        Storage storage = backend.allocate(Math.max(bytes, ALIGNMENT));
        long offset = 0;
        for (int i = 0; i < recurrent.length; i++) {
            backend.copyRows(keptRow(storage, offset, i), 0, recurrent[i], sequence.slot(), 1);
            offset += aligned(i);
        }
        kept++;
        return new KeptState(this, sequence.position(), storage,
                tables.stream().map(table -> table.keep(sequence.slot())).toList());
    }

    private Tensor keptRow(Storage storage, long offset, int id) {
        return Tensor.of(storage, offset, recurrent[id].dtype(), 1, recurrent[id].columns());
    }

    private long aligned(int id) {
        return Math.ceilDiv(layout.recurrent().get(id).bytes(types), ALIGNMENT) * ALIGNMENT;
    }

    /// A new sequence that goes on from `state`.
    SequenceState resume(KeptState state) {
        SequenceState sequence = open();
        long offset = 0;
        for (int i = 0; i < recurrent.length; i++) {
            backend.copyRows(recurrent[i], sequence.slot(), keptRow(state.storage(), offset, i), 0, 1);
            offset += aligned(i);
        }
        for (int i = 0; i < tables.size(); i++) {
            tables.get(i).adopt(sequence.slot(), state.pages().get(i));
        }
        sequence.position(state.position());
        return sequence;
    }

    void forget(KeptState state) {
        for (int i = 0; i < tables.size(); i++) {
            tables.get(i).forget(state.pages().get(i));
        }
        backend.free(state.storage());
        kept--;
    }

    /// Bytes that all kept states hold, a page that several share counted once.
    public long keptBytes() {
        long bytes = kept * recurrentBytes();
        for (int id = 0; id < keys.length; id++) {
            bytes += tableOf[id].keptPages() * pageBytes(id);
        }
        return bytes;
    }

    private long pageBytes(int id) {
        return PageTable.ROWS * layout.keyValues().get(id).bytes(types);
    }

    /// A copy on the host of everything `sequence` remembers.
    public Snapshot snapshot(SequenceState sequence) {
        return snapshot(sequence, 0);
    }

    /// A copy on the host of what `sequence` remembers, keys and values only from the page on that holds token `since`:
    /// the rest of a snapshot taken there.
    public Snapshot snapshot(SequenceState sequence, long since) {
        int first = since == 0 ? 0 : (int) ((layout.prologue() + since) / PageTable.ROWS);
        List<byte[]> states = new ArrayList<>();
        for (Tensor state : recurrent) {
            states.add(backend.readBytes(state.rowRange(sequence.slot(), sequence.slot() + 1L)));
        }
        List<Snapshot.Pages> pages = new ArrayList<>();
        for (int id = 0; id < keys.length; id++) {
            int[] places = tableOf[id].pages()[sequence.slot()];
            int[] held = IntStream.range(Math.min(first, places.length), places.length).filter(i -> places[i] >= 0).toArray();
            pages.add(new Snapshot.Pages(held, readPages(keys[id], places, held), readPages(values[id], places, held)));
        }
        return new Snapshot(types, sequence.position(), states, pages);
    }

    private byte[] readPages(Tensor rows, int[] places, int[] held) {
        if (held.length == 0) {
            return new byte[0];
        }
        int size = pageBytes(rows);
        byte[] all = new byte[Math.multiplyExact(held.length, size)];
        for (int i = 0; i < held.length; i++) {
            long row = (long) places[held[i]] * PageTable.ROWS;
            System.arraycopy(backend.readBytes(rows.rowRange(row, row + PageTable.ROWS)), 0, all, i * size, size);
        }
        return all;
    }

    private static int pageBytes(Tensor rows) {
        return Math.toIntExact(PageTable.ROWS * rows.rowBytes());
    }

    /// A new sequence that remembers what `snapshot` holds.
    /// @throws IllegalArgumentException if it was taken from another model, or stored in other types
    public SequenceState restore(Snapshot snapshot) {
        if (!snapshot.types().equals(types)) {
            throw new IllegalArgumentException("the snapshot is stored as " + snapshot.types() + ", this model stores " + types);
        }
        if (snapshot.recurrent().size() != recurrent.length || snapshot.keyValues().size() != keys.length) {
            throw new IllegalArgumentException("the snapshot has " + snapshot.recurrent().size() + " recurrent states and "
                    + snapshot.keyValues().size() + " attention layers, the model " + recurrent.length + " and " + keys.length);
        }
        SequenceState sequence = open();
        try {
            for (int i = 0; i < recurrent.length; i++) {
                write(recurrent[i], sequence.slot(), snapshot.recurrent().get(i), 0, 1);
            }
            if (snapshot.position() > 0) {
                reserve(sequence, snapshot.position());
            }
            sequence.position(snapshot.position());
            for (int id = 0; id < keys.length; id++) {
                Snapshot.Pages pages = snapshot.keyValues().get(id);
                int[] places = tableOf[id].pages()[sequence.slot()];
                for (int i = 0; i < pages.held().length; i++) {
                    if (pages.held()[i] >= places.length) {
                        throw new IllegalArgumentException("the snapshot holds page " + pages.held()[i] + " of a sequence of "
                                + snapshot.position() + " positions");
                    }
                    long row = (long) places[pages.held()[i]] * PageTable.ROWS;
                    write(keys[id], row, pages.keys(), i * pageBytes(keys[id]), PageTable.ROWS);
                    write(values[id], row, pages.values(), i * pageBytes(values[id]), PageTable.ROWS);
                }
            }
            return sequence;
        } catch (RuntimeException e) {
            sequence.close();
            throw e;
        }
    }

    private void write(Tensor to, long row, byte[] bytes, int from, int rows) {
        int count = Math.toIntExact(rows * to.rowBytes());
        if (bytes.length < from + count) {
            throw new IllegalArgumentException("the snapshot has " + bytes.length + " bytes where the model needs " + (from + count));
        }
        try (Arena arena = Arena.ofConfined()) {
            Tensor host = Tensor.ofBytes(arena, to.dtype(), Arrays.copyOfRange(bytes, from, from + count), rows, to.columns());
            Tensor placed = backend.place(host);
            backend.copyRows(to, row, placed, 0, rows);
            if (placed != host) {
                backend.free(placed.storage());
            }
        }
    }

    void reset(SequenceState sequence) {
        for (PageTable table : tables) {
            table.release(sequence.slot());
        }
        clear(sequence.slot());
        sequence.position(0);
    }

    void release(SequenceState sequence) {
        for (PageTable table : tables) {
            table.release(sequence.slot());
        }
        freeSlots.addFirst(sequence.slot());
    }

    long bytes(SequenceState sequence) {
        long bytes = recurrentBytes();
        for (int id = 0; id < keys.length; id++) {
            bytes += tableOf[id].held(sequence.slot()) * pageBytes(id);
        }
        return bytes;
    }

    /// Bytes a sequence may come to hold on its way to `positions` tokens if no pass feeds it more than `piece` at once.
    public long bytes(long positions, int piece) {
        long bytes = recurrentBytes();
        for (int id = 0; id < keys.length; id++) {
            bytes += tableOf[id].most(layout.prologue(), positions, piece) * pageBytes(id);
        }
        return bytes;
    }

    /// Sequences that are open.
    public int openSequences() {
        return slots - freeSlots.size();
    }

    private void growSlots(int newSlots) {
        for (int i = 0; i < recurrent.length; i++) {
            RecurrentType type = recurrentType(i);
            recurrent[i] = grown(recurrent[i], type.dtype(), newSlots, type.columns(layout.recurrent().get(i).elements()));
        }
        tables.forEach(table -> table.slots(newSlots));
        for (int slot = slots; slot < newSlots; slot++) {
            freeSlots.addLast(slot);
        }
        slots = newSlots;
    }

    /// A capacity of at least `needed` pages that leaves room to grow, within what is expected.
    private int larger(PageTable table, int needed) {
        long bytes = 0;
        for (int id = 0; id < keys.length; id++) {
            bytes += tableOf[id] == table ? pageBytes(id) : 0;
        }
        long ample = table.capacity() + (long) Math.max(table.capacity() / 4, LEAST_GROWTH);
        return (int) Math.max(needed, Math.min(ample, expectedBytes / bytes));
    }

    /// Bytes of all tensors for states, keys and values, whether in use or not; kept recurrent states aside.
    public long allocatedBytes() {
        long bytes = slots * recurrentBytes();
        for (int id = 0; id < keys.length; id++) {
            bytes += tableOf[id].capacity() * pageBytes(id);
        }
        return bytes;
    }

    private void growPages(PageTable table, int capacity) {
        long rows = (long) capacity * PageTable.ROWS;
        for (int id = 0; id < keys.length; id++) {
            if (tableOf[id] == table) {
                keys[id] = grown(keys[id], types.keys(), rows, layout.keyValues().get(id).keyWidth());
                values[id] = grown(values[id], types.values(), rows, layout.keyValues().get(id).valueWidth());
            }
        }
        table.grow(capacity);
    }

    private Tensor grown(Tensor old, DType type, long rows, int columns) {
        Tensor tensor = Tensor.of(backend.allocate(type.bytes(rows * columns)), 0, type, rows, columns);
        if (old != null) {
            backend.copyRows(tensor, 0, old, 0, old.rows());
            backend.free(old.storage());
        }
        return tensor;
    }

    @Override
    public void close() {
        for (Tensor tensor : recurrent) {
            backend.free(tensor.storage());
        }
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] != null) {
                backend.free(keys[i].storage());
                backend.free(values[i].storage());
            }
        }
    }
}
