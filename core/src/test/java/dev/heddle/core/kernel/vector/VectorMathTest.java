package dev.heddle.core.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every function against double precision over all exponents of a float, the interval where it bends, and the
/// special values.
class VectorMathTest {
    @FunctionalInterface
    interface OfVector {
        FloatVector at(FloatVector x);
    }

    /// @param ulps     largest error, in units in the last place of the true value
    /// @param absolute error allowed beside it, where a factor loses bits as a subnormal or an angle was rounded
    record Function(String name, OfVector vector, DoubleUnaryOperator exact, double ulps, double absolute) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Function> functions() {
        return Stream.of(
                new Function("exp", VectorMath::exp, Math::exp, 1, 0),
                new Function("log", VectorMath::log, Math::log, 1, 0),
                new Function("log1p", VectorMath::log1p, Math::log1p, 2, 0),
                new Function("softplus", VectorMath::softplus, VectorMathTest::softplus, 2, 0),
                new Function("sigmoid", VectorMath::sigmoid, VectorMathTest::sigmoid, 2.5, 0),
                new Function("silu", VectorMath::silu, x -> x * sigmoid(x), 3, 0x1p-142),
                new Function("tanh", VectorMath::tanh, Math::tanh, 2, 0),
                new Function("normal", VectorMath::normal, VectorMathTest::normal, 6, 0),
                new Function("gelu", VectorMath::gelu, x -> x * normal(x), 6, 0x1p-142),
                new Function("geluTanh", VectorMath::geluTanh, VectorMathTest::geluTanh, 4, 0x1p-22));
    }

    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    private static double sigmoid(double x) {
        return x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x));
    }

    private static double geluTanh(double x) {
        return x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x));
    }

    /// Φ by its series near zero and by the continued fraction of the tail, which keeps its relative accuracy.
    private static double normal(double x) {
        double a = Math.abs(x) * Math.sqrt(0.5);
        double tail;
        if (a < 2) {
            double term = a;
            double sum = a;
            for (int n = 1; term > 1e-18 * sum; n++) {
                term *= 2 * a * a / (2 * n + 1);
                sum += term;
            }
            tail = 0.5 - Math.exp(-a * a) * sum / Math.sqrt(Math.PI);
        } else {
            double fraction = a;
            for (int n = 200; n > 0; n--) {
                fraction = a + n / 2.0 / fraction;
            }
            tail = 0.5 * Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction);
        }
        if (Double.isInfinite(x)) {
            tail = 0;
        }
        return x < 0 ? tail : 1 - tail;
    }

    private static float[] arguments() {
        SplittableRandom random = new SplittableRandom(5);
        float[] special = {0f, -0f, 1f, -1f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, Float.MIN_VALUE,
            -Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE, -Float.MAX_VALUE, 88.72283f, 88.72284f, -87.33654f, -87.4f,
            -103.27892f, -103.97208f, -104f, 89f, 0.625f, -0.625f, 20f, 0.70710677f, 0.70710678f, 1.4142135f, 14.5f, -14.5f};
        float[] all = Arrays.copyOf(special, 300_000);
        for (int i = special.length; i < all.length; i++) {
            all[i] = switch (i % 4) {
                case 0 -> Float.intBitsToFloat(random.nextInt());
                case 1 -> random.nextFloat(-4, 4);
                case 2 -> random.nextFloat(-110, 110);
                default -> (random.nextBoolean() ? 1 : -1) * (float) Math.exp(random.nextDouble(-40, 5));
            };
        }
        return all;
    }

    private static float[] apply(OfVector function, float[] x) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i += Lanes.COUNT) {
            if (i + Lanes.COUNT <= x.length) {
                function.at(FloatVector.fromArray(Lanes.F, x, i)).intoArray(y, i);
            } else {
                var mask = Lanes.first(x.length - i);
                function.at(FloatVector.fromArray(Lanes.F, x, i, mask)).intoArray(y, i, mask);
            }
        }
        return y;
    }

    @ParameterizedTest
    @MethodSource("functions")
    void agreesWithDoublePrecision(Function function) {
        float[] x = arguments();
        float[] y = apply(function.vector, x);
        double worst = 0;
        for (int i = 0; i < x.length; i++) {
            double exact = function.exact.applyAsDouble(x[i]);
            String what = function + "(" + x[i] + ") is " + y[i] + ", exactly " + exact;
            float rounded = (float) exact;
            if (Float.isNaN(rounded) || Float.isInfinite(rounded)) {
                assertEquals(rounded, y[i], what);
            } else if (Float.isInfinite(y[i])) {
                assertTrue(Math.abs(exact) >= Float.MAX_VALUE - Math.ulp(Float.MAX_VALUE), what);
            } else {
                double error = Math.max(0, Math.abs(y[i] - exact) - function.absolute) / Math.ulp(rounded);
                assertTrue(error <= function.ulps, () -> what + ", " + error + " ulp");
                worst = Math.max(worst, error);
            }
        }
        assertTrue(worst > 0.25, "only " + worst + " ulp: the test compares nothing");
    }

    @Test
    void oneNumberHasTheBitsOfALane() {
        for (float x : Arrays.copyOf(arguments(), 2000)) {
            FloatVector all = FloatVector.broadcast(Lanes.F, x);
            assertEquals(VectorMath.exp(all).lane(Lanes.COUNT - 1), VectorMath.exp(x));
            assertEquals(VectorMath.log(all).lane(Lanes.COUNT - 1), VectorMath.log(x));
            assertEquals(VectorMath.softplus(all).lane(Lanes.COUNT - 1), VectorMath.softplus(x));
            assertEquals(VectorMath.sigmoid(all).lane(Lanes.COUNT - 1), VectorMath.sigmoid(x));
            assertEquals(VectorMath.tanh(all).lane(Lanes.COUNT - 1), VectorMath.tanh(x));
        }
    }
}
