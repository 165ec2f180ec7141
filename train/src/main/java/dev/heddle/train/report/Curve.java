package dev.heddle.train.report;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// One line of a chart.
///
/// @param name   in the legend
/// @param colour index into the page's colours
/// @param style  how it is drawn
/// @param x      of each point, rising
/// @param y      of each point; the line has a gap where it is not finite
record Curve(String name, int colour, Style style, double[] x, double[] y) {
    enum Style {
        /// A thin pale line: every step.
        FAINT,
        /// A strong line.
        LINE,
        /// A line with its points marked.
        POINTS
    }

    /// The points of some lines only.
    static Curve of(String name, int colour, Style style, double[] x, double[] y, List<Integer> lines) {
        return new Curve(name, colour, style, lines.stream().mapToDouble(i -> x[i]).toArray(),
                lines.stream().mapToDouble(i -> y[i]).toArray());
    }

    boolean isEmpty() {
        return Arrays.stream(y).noneMatch(Double::isFinite);
    }

    /// At most about `most` of the indexes, evenly spread, the last one among them.
    int[] some(int most) {
        int n = x.length;
        int stride = (n + most - 1) / Math.max(1, most);
        return n <= most ? IntStream.range(0, n).toArray() : IntStream.range(0, n).filter(i -> (n - 1 - i) % stride == 0).toArray();
    }
}
