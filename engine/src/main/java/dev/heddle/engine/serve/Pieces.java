package dev.heddle.engine.serve;

/// Where prompts are cut, and where states of them may be kept. Positions alone decide, counted from the start of the
/// sequence: the first chunk is cut into [#FIRST] tokens each, so that short conversations find something to go on from, what
/// follows into whole chunks.
///
/// @param chunk tokens of a piece at most; a multiple of [#FIRST]
record Pieces(int chunk) {
    /// Tokens of a piece within the first chunk, and what all cuts are multiples of.
    static final int FIRST = 64;

    /// Chunks of a prompt from one kept state to the next.
    private static final int KEEP_EVERY = 4;

    /// The first cut after a position.
    private long next(long position) {
        int step = position < chunk ? FIRST : chunk;
        return (position / step + 1) * step;
    }

    /// Where the piece of a prompt of `length` tokens ends that begins at `position`.
    int end(long position, int length) {
        return (int) Math.min(length, next(position));
    }

    /// Whether others may begin from what a prompt of `length` tokens has become at `position`, where a piece has ended: at its
    /// last cut, and at some on the way.
    boolean isWorthKeeping(long position, int length) {
        boolean cut = position % (position <= chunk ? FIRST : chunk) == 0;
        return cut && (next(position) >= length || position % ((long) KEEP_EVERY * chunk) == 0);
    }

    /// What tells the cuts apart from others.
    @Override
    public String toString() {
        return FIRST + ", then " + chunk;
    }
}
