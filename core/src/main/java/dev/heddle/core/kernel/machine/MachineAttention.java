package dev.heddle.core.kernel.machine;

import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.tensor.DType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The products in the attention of one position, with keys and values as they are stored. Each function is written when it is
/// first called.
///
/// A score is Σ_d q[d]·k[d], summed in 16 lanes and these in pairs; values are added one position after the other.
public final class MachineAttention {
    private static final int LANES = 16;
    private static final int MOST_QUERIES = 4;
    /// Columns of values for which sums are kept in registers.
    private static final int COLUMNS = 64;

    private record Key(DType type, int width, int queries, int rowBytes, int queryBytes) {
    }

    private static final Map<Key, MachineCode> SCORES = new ConcurrentHashMap<>();
    private static final Map<Key, MachineCode> VALUES = new ConcurrentHashMap<>();

    private MachineAttention() {
    }

    /// Whether heads of this type and width can be read.
    public static boolean reads(DType type, int width) {
        return switch (type) {
            case F32, F16, BF16 -> width % LANES == 0;
            case Q8_0 -> width % type.blockElements() == 0;
            default -> false;
        };
    }

    /// scores[j,i] = Σ_d queries[j,d]·keys[i,d] for a head's `queries` queries and `n` keys. Up to 15 numbers behind a query's
    /// scores are overwritten.
    ///
    /// @param scoreBytes from one query's scores to the next query's
    /// @param query      f32 [queries, width], `queryBytes` apart
    /// @param keys       [n, width] of `type`, `keyBytes` apart
    public static void scores(long scores, int scoreBytes, long query, int queryBytes, int queries, DType type, long keys,
            long keyBytes, int n, int width) {
        for (int j = 0; j < queries;) {
            int some = Integer.highestOneBit(Math.min(MOST_QUERIES, queries - j));
            MachineCode code = SCORES.computeIfAbsent(new Key(type, width, some, scoreBytes, queryBytes),
                    key -> KeyValueCode.scores(key.type, key.width, key.queries, key.rowBytes, key.queryBytes));
            long to = scores + (long) scoreBytes * j;
            long from = query + (long) queryBytes * j;
            int positions = LANES / some;
            int whole = n / positions;
            if (whole > 0) {
                code.call(to, from, keys, keyBytes, whole, 0);
            }
            for (int i = whole * positions; i < n; i++) {
                // the same key again and again, and nothing behind the last
                code.call(to + 4L * i, from, keys + keyBytes * i, 0, 1, 0);
            }
            j += some;
        }
    }

    /// sums[j,d] += Σ_i weights[j,i]·values[i,d].
    ///
    /// @param n           at least one
    /// @param sumBytes    from one query's sums to the next query's
    /// @param weightBytes from one query's weights to the next query's
    /// @param values      [n, width] of `type`, `valueBytes` apart
    public static void values(long sums, long sumBytes, long weights, int weightBytes, int queries, DType type, long values,
            long valueBytes, int n, int width) {
        for (int j = 0; j < queries; j += MOST_QUERIES) {
            int some = Math.min(MOST_QUERIES, queries - j);
            for (int d = 0; d < width; d += COLUMNS) {
                int columns = Math.min(COLUMNS, width - d);
                VALUES.computeIfAbsent(new Key(type, columns, some, weightBytes, 0),
                        key -> KeyValueCode.values(key.type, key.width, key.queries, key.rowBytes))
                        .call(sums + sumBytes * j + 4L * d, sumBytes, weights + (long) weightBytes * j, values + type.bytes(d),
                                valueBytes, n);
            }
        }
    }
}
