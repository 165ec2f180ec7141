package dev.heddle.core.model;

import dev.heddle.core.autograd.Tape;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.pass.Workspace;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Blocks that keep nothing of what they compute but their output, and run once more when the backward comes to them
/// (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
///
/// With L blocks, T rows and A numbers of activations in a block, a pass keeps L·T·D numbers and the A of one block with
/// their gradients, instead of L·A and theirs. The second run begins with the same rows, the same values of earlier
/// layers and the same recurrent states, so it computes the same bits, and the gradients are those of a pass that keeps
/// everything.
final class Recomputation {
    private final Pass pass;
    private final Backend backend;
    private final Tensor[] inputGradients;
    private int count;

    /// @param width D
    Recomputation(Pass pass, int width) {
        this.pass = pass;
        backend = pass.executor().backend();
        // a block's output gradient is read while its input's gathers, and then no more
        inputGradients = new Tensor[] {pass.take(pass.rows(), width), pass.take(pass.rows(), width)};
    }

    /// What a block's second run begins with.
    private record Start(Model.Block block, int number, Tensor x, Tensor y, List<Tensor> states, Pass before,
            Map<Object, Tensor> read, Map<Object, Tensor> published) {
    }

    Tensor forward(Model.Block block, Tensor x) {
        Tensor y = pass.take(x.rows(), x.columns());
        List<Tensor> states = new ArrayList<>();
        for (int id = block.firstState(); id < block.endState(); id++) {
            states.add(saved(pass.states().recurrent(id)));
        }
        Workspace workspace = pass.executor().workspace();
        long scratch = workspace.mark();
        Pass before = pass.part(Tape.discarded());
        Pass first = before.part(Tape.discarded());
        pass.kernels().elementwise().copy(y, block.layer().forward(first, x));
        workspace.release(scratch);
        first.publishedHere().forEach(pass::publish);
        first.routers().forEach(pass::note);
        Start start = new Start(block, count++, x, y, states, before, first.readHere(), new HashMap<>(first.publishedHere()));
        pass.record(() -> backward(start));
        return y;
    }

    private void backward(Start start) {
        Tape tape = pass.tape();
        // gradients that others read later are made before the block's own, which are forgotten with it
        Tensor dy = tape.gradient(start.y());
        start.read().values().forEach(tape::gradient);
        if (tape.gathered(start.x()).isEmpty()) {
            Tensor dx = inputGradients[start.number() % 2];
            backend.fill(dx, 0);
            tape.provide(start.x(), dx);
        }
        Workspace workspace = pass.executor().workspace();
        Workspace lasting = pass.executor().lasting();
        long scratch = workspace.mark();
        long lastingScratch = lasting.mark();
        Tape.Mark mark = tape.mark();
        for (int i = 0; i < start.states().size(); i++) {
            restore(pass.states().recurrent(start.block().firstState() + i), start.states().get(i));
        }
        Pass second = start.before().part(tape);
        Tensor y = start.block().layer().forward(second, start.x());
        second.publishedHere().forEach((key, value) -> tape.gathered(start.published().get(key).base())
                .ifPresent(gradient -> tape.provide(value.base(), gradient)));
        Tensor gathers = tape.gradient(y);
        pass.kernels().elementwise().add(gathers, gathers, dy, 1);
        tape.backward(mark);
        workspace.release(scratch);
        lasting.release(lastingScratch);
    }

    /// The states of the batch's sequences, [S, elements].
    private Tensor saved(Tensor state) {
        int[] slots = pass.segments().slots();
        Tensor copy = pass.take(slots.length, state.columns());
        for (int s = 0; s < slots.length; s++) {
            backend.copyRows(copy, s, state, slots[s], 1);
        }
        return copy;
    }

    private void restore(Tensor state, Tensor saved) {
        int[] slots = pass.segments().slots();
        for (int s = 0; s < slots.length; s++) {
            backend.copyRows(state, slots[s], saved, s, 1);
        }
    }
}
