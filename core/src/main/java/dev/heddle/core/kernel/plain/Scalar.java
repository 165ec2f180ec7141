package dev.heddle.core.kernel.plain;

import dev.heddle.core.spec.Activation;

/// Non-linearities of one number, in double precision and rounded once.
final class Scalar {
    private Scalar() {
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    static double softplus(double x) {
        return x > 20 ? x : Math.log1p(Math.exp(x));
    }

    static float activate(Activation activation, double x) {
        return (float) switch (activation) {
            case IDENTITY -> x;
            case SILU -> x * sigmoid(x);
            case GELU -> 0.5 * x * (1 + erf(x * Math.sqrt(0.5)));
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case RELU -> Math.max(x, 0);
            case RELU_SQUARED -> x > 0 ? x * x : 0;
            case SIGMOID -> sigmoid(x);
            case TANH -> Math.tanh(x);
            case SOFTPLUS -> softplus(x);
            case ELU_PLUS_ONE -> x > 0 ? x + 1 : Math.exp(x);
        };
    }

    static double derivative(Activation activation, double x) {
        return switch (activation) {
            case IDENTITY -> 1;
            case SILU -> {
                double s = sigmoid(x);
                yield s * (1 + x * (1 - s));
            }
            case GELU -> 0.5 * (1 + erf(x * Math.sqrt(0.5))) + x * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
            case GELU_TANH -> {
                double k = Math.sqrt(2 / Math.PI);
                double t = Math.tanh(k * (x + 0.044715 * x * x * x));
                yield 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * k * (1 + 3 * 0.044715 * x * x);
            }
            case RELU -> x > 0 ? 1 : 0;
            case RELU_SQUARED -> x > 0 ? 2 * x : 0;
            case SIGMOID -> {
                double s = sigmoid(x);
                yield s * (1 - s);
            }
            case TANH -> {
                double t = Math.tanh(x);
                yield 1 - t * t;
            }
            case SOFTPLUS -> sigmoid(x);
            case ELU_PLUS_ONE -> x > 0 ? 1 : Math.exp(x);
        };
    }

    /// Error function to double precision: its Taylor series near zero, a continued fraction of its complement
    /// beyond (Abramowitz & Stegun 7.1.6 and 7.1.14).
    static double erf(double x) {
        double a = Math.abs(x);
        if (a > 6) {
            return Math.signum(x);
        }
        if (a < 2.5) {
            double term = a;
            double sum = a;
            for (int n = 1; Math.abs(term) > 1e-17 * sum; n++) {
                term *= 2 * a * a / (2 * n + 1);
                sum += term;
            }
            return Math.copySign(2 / Math.sqrt(Math.PI) * Math.exp(-a * a) * sum, x);
        }
        double fraction = a;
        for (int n = 60; n > 0; n--) {
            fraction = a + n / 2.0 / fraction;
        }
        return Math.copySign(1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction), x);
    }
}
