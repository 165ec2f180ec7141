package dev.heddle.core.kernel.recurrence;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.stream.IntStream;

/// Recurrences that are linear in their state, as a scan over the maps by which rows change it. Composing such maps is
/// associative, so all prefixes of T maps follow from 2·T compositions in a tree of depth log T (Blelloch 1990, "Prefix Sums
/// and Their Applications", section 1.4; Martin & Cundy 2018 for recurrent networks).
final class PrefixScan {
    private PrefixScan() {
    }

    /// All prefixes: maps[0], maps[0] then maps[1], and so on.
    static <M> List<M> scan(List<M> maps, BinaryOperator<M> then) {
        if (maps.size() < 2) {
            return maps;
        }
        List<M> pairs = IntStream.range(0, maps.size() / 2).mapToObj(i -> then.apply(maps.get(2 * i), maps.get(2 * i + 1))).toList();
        List<M> scanned = scan(pairs, then);
        List<M> prefixes = new ArrayList<>(List.of(maps.getFirst()));
        for (int i = 1; i < maps.size(); i++) {
            prefixes.add(i % 2 == 1 ? scanned.get(i / 2) : then.apply(scanned.get(i / 2 - 1), maps.get(i)));
        }
        return prefixes;
    }

    /// h ↦ a⊙h + b.
    record Diagonal(double[] a, double[] b) {
        Diagonal then(Diagonal next) {
            double[] decay = new double[a.length];
            double[] input = new double[a.length];
            for (int i = 0; i < a.length; i++) {
                decay[i] = next.a[i] * a[i];
                input[i] = next.a[i] * b[i] + next.b[i];
            }
            return new Diagonal(decay, input);
        }

        double[] apply(double[] h) {
            return IntStream.range(0, h.length).mapToDouble(i -> a[i] * h[i] + b[i]).toArray();
        }
    }

    /// h ↦ a·h + b for complex numbers, real and imaginary parts apart.
    record Rotation(Diagonal re, Diagonal im) {
        Rotation then(Rotation next) {
            int n = re.a.length;
            Diagonal first = new Diagonal(new double[n], new double[n]);
            Diagonal second = new Diagonal(new double[n], new double[n]);
            for (int i = 0; i < n; i++) {
                first.a[i] = next.re.a[i] * re.a[i] - next.im.a[i] * im.a[i];
                second.a[i] = next.re.a[i] * im.a[i] + next.im.a[i] * re.a[i];
                first.b[i] = next.re.a[i] * re.b[i] - next.im.a[i] * im.b[i] + next.re.b[i];
                second.b[i] = next.re.a[i] * im.b[i] + next.im.a[i] * re.b[i] + next.im.b[i];
            }
            return new Rotation(first, second);
        }
    }

    /// S ↦ A·S + B with A [n, n] and B [n, m].
    record Affine(int n, double[] a, double[] b) {
        Affine then(Affine next) {
            double[] input = product(n, next.a, b);
            for (int i = 0; i < input.length; i++) {
                input[i] += next.b[i];
            }
            return new Affine(n, product(n, next.a, a), input);
        }

        double[] apply(double[] s) {
            double[] next = product(n, a, s);
            for (int i = 0; i < next.length; i++) {
                next[i] += b[i];
            }
            return next;
        }

        private static double[] product(int n, double[] x, double[] y) {
            int m = y.length / n;
            double[] z = new double[n * m];
            for (int i = 0; i < n; i++) {
                for (int k = 0; k < n; k++) {
                    for (int j = 0; j < m; j++) {
                        z[i * m + j] += x[i * n + k] * y[k * m + j];
                    }
                }
            }
            return z;
        }
    }

    /// The weighted sums of RWKV-4, e^p·(a, b), after they have been multiplied by e^decay: sums of logarithms' powers.
    record LogSums(double decay, double p, double a, double b) {
        LogSums then(LogSums next) {
            double largest = Math.max(p + next.decay, next.p);
            double keep = Math.exp(p + next.decay - largest);
            double add = Math.exp(next.p - largest);
            return new LogSums(decay + next.decay, largest, keep * a + add * next.a, keep * b + add * next.b);
        }
    }

    /// The state before the first row and after each.
    static double[][] diagonal(double[] initial, List<Diagonal> maps) {
        double[][] states = new double[maps.size() + 1][];
        List<Diagonal> prefixes = scan(maps, Diagonal::then);
        Arrays.setAll(states, t -> t == 0 ? initial : prefixes.get(t - 1).apply(initial));
        return states;
    }

    /// The same of matrices.
    static double[][] affine(double[] initial, List<Affine> maps) {
        double[][] states = new double[maps.size() + 1][];
        List<Affine> prefixes = scan(maps, Affine::then);
        Arrays.setAll(states, t -> t == 0 ? initial : prefixes.get(t - 1).apply(initial));
        return states;
    }
}
