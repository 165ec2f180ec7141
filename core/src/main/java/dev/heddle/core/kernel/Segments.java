package dev.heddle.core.kernel;

/// How the T rows of a ragged batch divide into sequences, laid end to end without padding.
///
/// @param offsets   S+1 row numbers; segment s covers rows offsets[s] to offsets[s+1]
/// @param positions absolute position of each segment's first row in its sequence
/// @param slots     slot of each segment's sequence in the state pools
public record Segments(int[] offsets, long[] positions, int[] slots) {
    public Segments {
        if (offsets.length != positions.length + 1 || slots.length != positions.length) {
            throw new IllegalArgumentException("a ragged batch of " + positions.length + " segments has " + offsets.length
                    + " offsets and " + slots.length + " slots");
        }
    }

    /// S, the number of segments.
    public int count() {
        return positions.length;
    }

    /// T, the number of rows.
    public int rows() {
        return offsets[offsets.length - 1];
    }

    public int start(int segment) {
        return offsets[segment];
    }

    public int end(int segment) {
        return offsets[segment + 1];
    }

    public int length(int segment) {
        return offsets[segment + 1] - offsets[segment];
    }

    /// The segment of a row.
    public int of(int row) {
        int segment = 0;
        while (row >= offsets[segment + 1]) {
            segment++;
        }
        return segment;
    }

    /// True if every segment is one row: a decode step.
    public boolean isStep() {
        return rows() == count();
    }
}
