package dev.heddle.engine.serve;

import dev.heddle.core.state.SequenceState;
import java.util.Arrays;
import java.util.Optional;

/// A generation that has a place: its sequence, how far its prompt is fed, and the token to feed next.
final class Running {
    private final Generation generation;
    private final SequenceState sequence;
    private final long reserved;
    private final int context;
    private final Pieces pieces;
    private final TokenChooser chooser;
    private final int[] prompt;
    private int next = -1;
    private int generated;
    private long served;

    /// @param sequence has been fed the first tokens of the prompt or nothing
    /// @param reserved bytes set aside for it
    /// @param context  positions it may reach; 0 for no limit
    Running(Generation generation, SequenceState sequence, long reserved, int context, Pieces pieces) {
        this.generation = generation;
        this.sequence = sequence;
        this.reserved = reserved;
        this.context = context;
        this.pieces = pieces;
        chooser = new TokenChooser(generation.request());
        prompt = generation.request().prompt();
    }

    Generation generation() {
        return generation;
    }

    SequenceState sequence() {
        return sequence;
    }

    long reserved() {
        return reserved;
    }

    int[] prompt() {
        return prompt;
    }

    boolean isPrefilling() {
        return next < 0;
    }

    /// When a piece of its prompt was last worked off, as a number of steps.
    long served() {
        return served;
    }

    void served(long step) {
        served = step;
    }

    /// What the next pass feeds it: the prompt up to its next cut, or the last token of the answer. Pieces depend on
    /// positions alone, never on what else there is to do.
    int[] piece() {
        return isPrefilling() ? Arrays.copyOfRange(prompt, (int) sequence.position(), pieceEnd()) : new int[] {next};
    }

    int pieceLength() {
        return isPrefilling() ? pieceEnd() - (int) sequence.position() : 1;
    }

    private int pieceEnd() {
        return pieces.end(sequence.position(), prompt.length);
    }

    /// Whether logits after the next piece choose a token.
    boolean completes() {
        return !isPrefilling() || pieceEnd() == prompt.length;
    }

    /// Chooses the next token from the logits after all that has been fed, and hands it to the reader. Returns why the
    /// generation ends with it, or nothing.
    Optional<Finish> accept(float[] logits) {
        GeneratedToken token = chooser.next(logits);
        generation.offer(token);
        generated++;
        next = token.id();
        int most = generation.request().maxTokens();
        if (chooser.isEnd(next)) {
            return Optional.of(Finish.STOP);
        }
        if (most >= 0 && generated >= most) {
            return Optional.of(Finish.LENGTH);
        }
        return context > 0 && sequence.position() >= context ? Optional.of(Finish.CONTEXT) : Optional.empty();
    }
}
