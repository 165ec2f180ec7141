package dev.heddle.engine.serve;

import dev.heddle.core.state.SequenceState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The rows of one pass: the next token of every answer on its way, and pieces of prompts with at most one chunk's
/// rows together, so that the answers keep moving. Generations whose logits are wanted come first.
///
/// @param members  whom the rows belong to, in the order of the batch
/// @param complete how many of them, from the front, want logits
record Step(List<Running> members, int complete) {
    /// Chooses among `running`. Prompts take turns, the one least recently served first.
    ///
    /// @param prompts whether it is their turn; it always is when no answer is on its way
    static Step choose(List<Running> running, int chunk, boolean prompts) {
        List<Running> complete = new ArrayList<>();
        List<Running> incomplete = new ArrayList<>();
        for (Running one : running) {
            if (!one.isPrefilling() && !one.generation().isFull()) {
                complete.add(one);
            }
        }
        List<Running> turns = prompts || complete.isEmpty() ? running.stream().filter(Running::isPrefilling)
                .sorted(Comparator.comparingLong(Running::served)).toList() : List.of();
        int rows = 0;
        for (Running one : turns) {
            if (rows > 0 && rows + one.pieceLength() > chunk) {
                break;
            }
            rows += one.pieceLength();
            (one.completes() ? complete : incomplete).add(one);
        }
        int count = complete.size();
        complete.addAll(incomplete);
        return new Step(complete, count);
    }

    boolean isEmpty() {
        return members.isEmpty();
    }

    List<SequenceState> sequences() {
        return members.stream().map(Running::sequence).toList();
    }

    List<int[]> pieces() {
        return members.stream().map(Running::piece).toList();
    }

    int prefillRows() {
        return members.stream().filter(Running::isPrefilling).mapToInt(Running::pieceLength).sum();
    }
}
