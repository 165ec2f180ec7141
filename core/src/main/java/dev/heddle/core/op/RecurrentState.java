package dev.heddle.core.op;

import dev.heddle.core.kernel.Segments;
import dev.heddle.core.kernel.StateRounding;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.Arrays;

/// A large recurrent state of a pass's sequences while an operation works on it: the pool's own tensor, or, where the pool
/// stores it rounded, an f32 copy of the batch's states that [#keep] rounds back.
final class RecurrentState {
    private final Pass pass;
    private final int id;
    private final Tensor stored;
    private final Tensor memory;
    private final Segments segments;

    private RecurrentState(Pass pass, int id, Tensor stored, Tensor memory, Segments segments) {
        this.pass = pass;
        this.id = id;
        this.stored = stored;
        this.memory = memory;
        this.segments = segments;
    }

    /// @param id number of the state
    /// @throws IllegalStateException in a training pass with states that are stored rounded
    static RecurrentState of(Pass pass, int id) {
        Tensor stored = pass.states().recurrent(id);
        if (stored.dtype() == DType.F32) {
            return new RecurrentState(pass, id, stored, stored, pass.segments());
        }
        if (pass.taped()) {
            throw new IllegalStateException("training needs recurrent states in f32");
        }
        Segments all = pass.segments();
        int[] own = new int[all.count()];
        Arrays.setAll(own, s -> s);
        Tensor memory = pass.take(own.length, pass.states().layout().recurrent().get(id).elements());
        pass.kernels().stateRounding().expand(memory, stored, all.slots());
        return new RecurrentState(pass, id, stored, memory, new Segments(all.offsets(), all.positions(), own));
    }

    /// f32 [slots, elements]: what the kernel reads and replaces.
    Tensor memory() {
        return memory;
    }

    /// The pass's segments with the slots of [#memory].
    Segments segments() {
        return segments;
    }

    /// Stores what the kernel has left.
    void keep() {
        if (memory == stored) {
            return;
        }
        Segments all = pass.segments();
        int[] seeds = new int[all.count()];
        Arrays.setAll(seeds, s -> StateRounding.seed(all.positions()[s] + all.length(s), id));
        pass.kernels().stateRounding().round(stored, all.slots(), memory, seeds);
    }
}
