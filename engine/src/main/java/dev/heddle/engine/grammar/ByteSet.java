package dev.heddle.engine.grammar;

/// A set of bytes, one bit for each.
record ByteSet(long w0, long w1, long w2, long w3) {
    static final ByteSet NONE = new ByteSet(0, 0, 0, 0);
    static final ByteSet ALL = new ByteSet(-1, -1, -1, -1);

    /// The bytes from `low` to `high`, both included.
    static ByteSet range(int low, int high) {
        ByteSet set = NONE;
        for (int b = low; b <= high; b++) {
            set = set.with(b);
        }
        return set;
    }

    static ByteSet of(String ascii) {
        ByteSet set = NONE;
        for (int i = 0; i < ascii.length(); i++) {
            set = set.with(ascii.charAt(i));
        }
        return set;
    }

    ByteSet with(int b) {
        long bit = 1L << b;
        return switch (b >> 6) {
            case 0 -> new ByteSet(w0 | bit, w1, w2, w3);
            case 1 -> new ByteSet(w0, w1 | bit, w2, w3);
            case 2 -> new ByteSet(w0, w1, w2 | bit, w3);
            case 3 -> new ByteSet(w0, w1, w2, w3 | bit);
            default -> throw new IllegalArgumentException("no byte: " + b);
        };
    }

    boolean contains(int b) {
        long word = switch (b >> 6) {
            case 0 -> w0;
            case 1 -> w1;
            case 2 -> w2;
            default -> w3;
        };
        return (word >>> b & 1) != 0;
    }

    ByteSet or(ByteSet other) {
        return new ByteSet(w0 | other.w0, w1 | other.w1, w2 | other.w2, w3 | other.w3);
    }

    ByteSet and(ByteSet other) {
        return new ByteSet(w0 & other.w0, w1 & other.w1, w2 & other.w2, w3 & other.w3);
    }

    ByteSet not() {
        return new ByteSet(~w0, ~w1, ~w2, ~w3);
    }

    ByteSet minus(ByteSet other) {
        return and(other.not());
    }

    boolean isEmpty() {
        return (w0 | w1 | w2 | w3) == 0;
    }
}
