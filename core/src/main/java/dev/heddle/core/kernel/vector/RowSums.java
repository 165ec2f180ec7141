package dev.heddle.core.kernel.vector;

import static dev.heddle.core.kernel.vector.Lanes.load;
import static dev.heddle.core.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Sums down the rows of a matrix. Runs of [#RUN] rows are summed by themselves and their sums added up, which
/// keeps the error of long sums small.
final class RowSums {
    private static final int RUN = 64;

    private RowSums() {
    }

    /// y[d] += Σ_t x[t,d] for `columns` columns.
    static void add(long y, long x, long rowBytes, int rows, int columns) {
        int whole = Lanes.whole(columns);
        for (int d = 0; d < whole; d += Lanes.COUNT) {
            store(load(y + 4L * d).add(sum(x + 4L * d, rowBytes, rows)), y + 4L * d);
        }
        if (whole < columns) {
            VectorMask<Float> rest = Lanes.first(columns - whole);
            FloatVector sum = Lanes.zero();
            for (int from = 0; from < rows; from += RUN) {
                FloatVector run = Lanes.zero();
                for (int t = from; t < Math.min(from + RUN, rows); t++) {
                    run = run.add(load(x + t * rowBytes + 4L * whole, rest));
                }
                sum = sum.add(run);
            }
            store(load(y + 4L * whole, rest).add(sum), y + 4L * whole, rest);
        }
    }

    private static FloatVector sum(long x, long rowBytes, int rows) {
        FloatVector sum = Lanes.zero();
        for (int from = 0; from < rows; from += RUN) {
            FloatVector run = Lanes.zero();
            for (int t = from; t < Math.min(from + RUN, rows); t++) {
                run = run.add(load(x + t * rowBytes));
            }
            sum = sum.add(run);
        }
        return sum;
    }
}
