package dev.heddle.train.report;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// One line of a chart.
///
/// @param name   in the legend
/// @param colour index into the page's colours
/// @param style  how it is drawn
/// @param x      of each point, rising
/// @param y      of each point; the line has a gap where it is not finite
/// @param spread the values around the line, if it is the middle of several
record Curve(String name, int colour, Style style, double[] x, double[] y, Optional<Spread> spread) {
    enum Style {
        /// A thin pale line: every step.
        FAINT,
        /// A strong line.
        LINE,
        /// A line with its points marked.
        POINTS
    }

    /// The lowest and the highest value at each point.
    record Spread(double[] low, double[] high) {
    }

    Curve(String name, int colour, Style style, double[] x, double[] y) {
        this(name, colour, style, x, y, Optional.empty());
    }

    /// The points of some lines only.
    static Curve of(String name, int colour, Style style, double[] x, double[] y, List<Integer> lines) {
        return new Curve(name, colour, style, lines.stream().mapToDouble(i -> x[i]).toArray(),
                lines.stream().mapToDouble(i -> y[i]).toArray());
    }

    /// The mean of several measurements of the same points, with their spread. What is not finite in one of them is left
    /// out of the mean.
    ///
    /// @param y one array for each measurement, as long as `x`
    static Curve mean(String name, int colour, double[] x, List<double[]> y) {
        double[] mean = new double[x.length];
        double[] low = new double[x.length];
        double[] high = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            int point = i;
            double[] values = y.stream().mapToDouble(of -> of[point]).filter(Double::isFinite).toArray();
            mean[i] = Arrays.stream(values).average().orElse(Double.NaN);
            low[i] = Arrays.stream(values).min().orElse(Double.NaN);
            high[i] = Arrays.stream(values).max().orElse(Double.NaN);
        }
        return new Curve(name, colour, Style.POINTS, x, mean, y.size() > 1 ? Optional.of(new Spread(low, high)) : Optional.empty());
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
