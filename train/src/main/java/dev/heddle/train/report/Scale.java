package dev.heddle.train.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/// Maps values to the unit interval, evenly or by their logarithms, and chooses round numbers to write beside it.
///
/// @param log  whether by logarithms; both ends are positive then
/// @param low  the value at 0
/// @param high the value at 1, above `low`
record Scale(boolean log, double low, double high) {
    private static final int FEW = 4;
    private static final double[][] MANTISSAS = {{1}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 6, 8}};

    /// An even scale that holds all finite `values`, widened to round numbers.
    static Scale linear(double[] values) {
        double[] range = range(Arrays.stream(values).filter(Double::isFinite), 0, 1);
        double margin = range[0] == range[1] ? Math.max(Math.abs(range[0]) / 2, 1e-9) : 0;
        double low = range[0] - margin;
        double high = range[1] + margin;
        double step = step(low, high);
        return new Scale(false, Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step);
    }

    /// An even scale over exactly the finite `values`.
    static Scale exact(double[] values) {
        double[] range = range(Arrays.stream(values).filter(Double::isFinite), 0, 1);
        return new Scale(false, range[0], range[0] == range[1] ? range[0] + 1 : range[1]);
    }

    /// A logarithmic scale that holds all positive `values`.
    static Scale logarithmic(double[] values) {
        double[] range = range(Arrays.stream(values).filter(value -> Double.isFinite(value) && value > 0), 1, 10);
        double margin = Math.max(Math.pow(range[1] / range[0], 0.05), 1.005);
        return new Scale(true, range[0] / margin, range[1] * margin);
    }

    private static double[] range(DoubleStream values, double low, double high) {
        double[] kept = values.toArray();
        return kept.length == 0 ? new double[] {low, high}
                : new double[] {Arrays.stream(kept).min().getAsDouble(), Arrays.stream(kept).max().getAsDouble()};
    }

    /// Whether a value has a place.
    boolean holds(double value) {
        return Double.isFinite(value) && (!log || value > 0);
    }

    /// Where a value lies, 0 for `low` and 1 for `high`.
    double at(double value) {
        return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    }

    /// Round numbers from `low` to `high`, about five.
    List<Double> ticks() {
        if (log) {
            for (double[] mantissas : MANTISSAS) {
                List<Double> ticks = decades(mantissas);
                if (ticks.size() >= FEW) {
                    int stride = (ticks.size() + 7) / 8;
                    return IntStream.range(0, ticks.size()).filter(i -> i % stride == 0).mapToObj(ticks::get).toList();
                }
            }
        }
        double step = step(low, high);
        List<Double> ticks = new ArrayList<>();
        for (long i = Math.round(Math.ceil(low / step - 1e-9)); i * step <= high * (1 + Math.signum(high) * 1e-12); i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    private List<Double> decades(double[] mantissas) {
        List<Double> ticks = new ArrayList<>();
        for (int power = (int) Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
            for (double mantissa : mantissas) {
                double tick = mantissa * Math.pow(10, power);
                if (tick >= low && tick <= high) {
                    ticks.add(tick);
                }
            }
        }
        return ticks;
    }

    /// 1, 2 or 5 times a power of ten: a fifth of the interval, roughly.
    private static double step(double low, double high) {
        double rough = (high - low) / 5;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double mantissa = rough / power;
        return power * (mantissa < 1.5 ? 1 : mantissa < 3.5 ? 2 : mantissa < 7.5 ? 5 : 10);
    }
}
