package dev.heddle.core.pass;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.kernel.Kernels;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StatePool;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// One walk of a ragged batch through a model: its rows, its sequences' states, scratch memory, and a tape when
/// training. The same pass is prefill, decode and batch; only the segment lengths differ.
public final class Pass {
    private final Executor executor;
    private final Kernels kernels;
    private final Optional<StatePool> states;
    private final Segments segments;
    private final int[] ids;
    private final int[] prologues;
    private final Optional<Tape> tape;
    private final Training training;
    private final Map<Object, Tensor> values;
    private final Map<Object, Tensor> read = new HashMap<>();
    private final Map<Object, Tensor> own = new HashMap<>();
    private final Map<Object, Object> memo;
    private final List<RouterLoad> routers = new ArrayList<>();

    /// @param states    holds the batch's sequences, with room reserved for its rows
    /// @param ids       one token id for each row that is a token
    /// @param prologues rows at the start of each segment that are none, but the model's meta tokens
    private Pass(Executor executor, Optional<StatePool> states, Segments segments, int[] ids, int[] prologues,
            Optional<Tape> tape, Training training, Map<Object, Tensor> values, Map<Object, Object> memo) {
        this.training = training;
        this.values = values;
        this.memo = memo;
        this.executor = executor;
        this.kernels = executor.backend().kernels();
        this.states = states;
        this.segments = segments;
        this.ids = ids;
        this.prologues = prologues;
        this.tape = tape;
    }

    /// A pass over sequences that begin and end in it, so that nothing is remembered (images): no tokens, no states.
    public static Pass stateless(Executor executor, Segments segments, Optional<Tape> tape) {
        executor.begin();
        return new Pass(executor, Optional.empty(), segments, new int[0], new int[segments.count()], tape, Training.PLAIN,
                new HashMap<>(), new HashMap<>());
    }

    /// The same stateless pass with its rows divided into other sequences (the windows of an image).
    public Pass within(Segments segments) {
        if (states.isPresent()) {
            throw new IllegalStateException("the sequences of this pass have states and cannot be divided otherwise");
        }
        return new Pass(executor, states, segments, ids, new int[segments.count()], tape, training, new HashMap<>(),
                new HashMap<>());
    }

    /// A part of this pass with a tape of its own: it sees what has been published so far, and what it publishes itself
    /// stays with it ([#publishedHere]).
    public Pass part(Tape tape) {
        return new Pass(executor, states, segments, ids, prologues, Optional.of(tape), training, new HashMap<>(values), memo);
    }

    /// Lays sequences end to end: `tokens.get(s)` continues `sequences.get(s)`. Reserves room for them.
    public static Pass of(Executor executor, List<SequenceState> sequences, List<int[]> tokens, Optional<Tape> tape) {
        return of(executor, sequences, tokens, tape, Training.PLAIN);
    }

    /// The same for a pass that learns.
    public static Pass training(Executor executor, List<SequenceState> sequences, List<int[]> tokens, Tape tape,
            Training training) {
        return of(executor, sequences, tokens, Optional.of(tape), training);
    }

    private static Pass of(Executor executor, List<SequenceState> sequences, List<int[]> tokens, Optional<Tape> tape,
            Training training) {
        int count = sequences.size();
        int[] offsets = new int[count + 1];
        long[] positions = new long[count];
        int[] slots = new int[count];
        int[] prologues = new int[count];
        int[] ids = new int[tokens.stream().mapToInt(part -> part.length).sum()];
        int fed = 0;
        for (int s = 0; s < count; s++) {
            SequenceState sequence = sequences.get(s);
            int[] part = tokens.get(s);
            sequence.pool().reserve(sequence, part.length);
            prologues[s] = sequence.position() == 0 && part.length > 0 ? sequence.pool().layout().prologue() : 0;
            offsets[s + 1] = offsets[s] + prologues[s] + part.length;
            positions[s] = sequence.rows();
            slots[s] = sequence.slot();
            System.arraycopy(part, 0, ids, fed, part.length);
            fed += part.length;
        }
        executor.begin();
        return new Pass(executor, Optional.of(sequences.getFirst().pool()), new Segments(offsets, positions, slots), ids,
                prologues, tape, training, new HashMap<>(), new HashMap<>());
    }

    public Executor executor() {
        return executor;
    }

    public Kernels kernels() {
        return kernels;
    }

    public StatePool states() {
        return states.orElseThrow(() -> new IllegalStateException("the sequences of this pass have no states"));
    }

    public Segments segments() {
        return segments;
    }

    /// T, the rows of the batch: its tokens, and the model's meta tokens before the first token of each sequence.
    public int rows() {
        return segments.rows();
    }

    /// The batch's tokens, which are rows in the same order.
    public int tokens() {
        return ids.length;
    }

    /// One id for each token.
    public int[] ids() {
        return ids;
    }

    /// Rows at the start of segment `segment` that are meta tokens.
    public int prologue(int segment) {
        return prologues[segment];
    }

    /// The row of each of these tokens, numbered through the batch.
    public int[] rowsOf(int[] tokens) {
        if (ids.length == rows()) {
            return tokens;
        }
        int[] rowOf = new int[ids.length];
        int token = 0;
        for (int s = 0; s < segments.count(); s++) {
            for (int row = segments.start(s) + prologues[s]; row < segments.end(s); row++) {
                rowOf[token++] = row;
            }
        }
        return Arrays.stream(tokens).map(index -> rowOf[index]).toArray();
    }

    /// How this pass learns; [Training#PLAIN] if it does not.
    public Training training() {
        return training;
    }

    public boolean taped() {
        return tape.isPresent();
    }

    /// The tape of a training pass.
    public Tape tape() {
        return tape.orElseThrow();
    }

    /// Appends a backward step if this pass is taped.
    public void record(Runnable backward) {
        tape.ifPresent(t -> t.record(backward));
    }

    /// The tensor that gathers the gradient of `x`.
    public Tensor gradient(Tensor x) {
        return tape.orElseThrow().gradient(x);
    }

    /// An uninitialised f32 tensor [rows, columns] of this pass.
    public Tensor take(long rows, long columns) {
        return executor.workspace().take(DType.F32, rows, columns);
    }

    public Tensor take(DType type, long rows, long columns) {
        return executor.workspace().take(type, rows, columns);
    }

    /// A tensor that no [#release] takes back before the next pass begins: for what is published or shared.
    public Tensor takeLasting(long rows, long columns) {
        return executor.lasting().take(DType.F32, rows, columns);
    }

    /// Where scratch memory stands; see [#release].
    public long mark() {
        return executor.workspace().mark();
    }

    /// Gives back what was taken since `mark`. With a tape nothing is given back: the backward needs it.
    public void release(long mark) {
        if (tape.isEmpty()) {
            executor.workspace().release(mark);
        }
    }

    /// Hands a value to later layers (the embedded rows to Zamba's shared block, a memory to gated memory units).
    /// It must outlive the layer that publishes it.
    public void publish(Object key, Tensor value) {
        values.put(key, value);
        own.put(key, value);
    }

    /// What this pass has published itself.
    public Map<Object, Tensor> publishedHere() {
        return own;
    }

    /// What this pass has read that was published before it.
    public Map<Object, Tensor> readHere() {
        return read;
    }

    /// What an earlier layer published under `key`.
    public Tensor published(Object key) {
        Tensor value = values.get(key);
        if (value == null) {
            throw new IllegalStateException("no earlier layer has published " + key);
        }
        if (!own.containsKey(key)) {
            read.put(key, value);
        }
        return value;
    }

    /// Notes how a router used its experts, for those who train. Parts of a pass note for themselves.
    public void note(RouterLoad load) {
        routers.add(load);
    }

    /// What the routers of this pass have noted, in the order they came.
    public List<RouterLoad> routers() {
        return routers;
    }

    /// Something computed once for a pass and shared by its layers (rotary tables).
    @SuppressWarnings("unchecked")
    public <T> T once(Object key, Supplier<T> compute) {
        Object value = memo.get(key);
        if (value == null) {
            value = compute.get();
            memo.put(key, value);
        }
        return (T) value;
    }
}
