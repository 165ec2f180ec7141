package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.Segments;

/// Segments cut into blocks of a few rows, over which a recurrence runs as matrix products.
/// Cuts lie at fixed absolute positions: at multiples of `chunk`, and every `size` positions from those on.
///
/// @param from  first row of each block
/// @param to    the row after its last
/// @param first first block of each segment, and past the last segment the number of blocks; a segment shorter than was
///              asked for has none
record Blocks(int[] from, int[] to, int[] first) {
    /// Blocks of the segments of more than one row.
    static Blocks of(Segments segments, int chunk, int size) {
        return of(segments, chunk, size, 2);
    }

    /// @param shortest rows of the shortest segment that is cut
    static Blocks of(Segments segments, int chunk, int size, int shortest) {
        int[] first = new int[segments.count() + 1];
        for (int s = 0; s < segments.count(); s++) {
            first[s + 1] = first[s];
            if (segments.length(s) >= shortest) {
                for (int row = segments.start(s); row < segments.end(s); row = end(segments, s, row, chunk, size)) {
                    first[s + 1]++;
                }
            }
        }
        int[] from = new int[first[segments.count()]];
        int[] to = new int[from.length];
        for (int s = 0; s < segments.count(); s++) {
            int row = segments.start(s);
            for (int block = first[s]; block < first[s + 1]; block++) {
                from[block] = row;
                row = end(segments, s, row, chunk, size);
                to[block] = row;
            }
        }
        return new Blocks(from, to, first);
    }

    private static int end(Segments segments, int s, int row, int chunk, int size) {
        long inChunk = (segments.positions()[s] + row - segments.start(s)) % chunk;
        long left = Math.min(size - inChunk % size, chunk - inChunk);
        return (int) Math.min(segments.end(s), row + left);
    }

    int count() {
        return from.length;
    }

    int rows(int block) {
        return to[block] - from[block];
    }
}
