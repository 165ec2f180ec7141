package dev.heddle.core.layer;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/// What a parameter holds before training. A layer says so where it asks for the parameter.
@FunctionalInterface
public interface Initial {
    /// Deviation of a matrix (Radford et al. 2019, GPT-2).
    double SPREAD = 0.02;

    Initial ZERO = (values, _, _) -> Arrays.fill(values, 0);

    Initial ONE = constant(1);

    /// A matrix.
    Initial LINEAR = normal(SPREAD);

    /// A matrix whose output is added to the residual stream: as [#LINEAR], and divided by the root of the number of such
    /// matrices in the model, so that the stream's variance does not grow with depth (GPT-2).
    Initial RESIDUAL = (values, shape, random) -> LINEAR.fill(values, shape, random);

    /// A causal convolution [C, K]: uniform within ±1/√K.
    Initial CONVOLUTION = (values, shape, random) -> {
        double bound = 1 / Math.sqrt(shape[shape.length - 1]);
        uniform(-bound, bound).fill(values, shape, random);
    };

    /// Overwrites all values.
    ///
    /// @param values the parameter's elements, row by row
    /// @param shape  its shape
    void fill(float[] values, long[] shape, RandomGenerator random);

    static Initial constant(double value) {
        return (values, _, _) -> Arrays.fill(values, (float) value);
    }

    static Initial normal(double deviation) {
        return (values, _, random) -> {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (deviation * random.nextGaussian());
            }
        };
    }

    static Initial uniform(double from, double to) {
        return (values, _, random) -> {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (from + (to - from) * random.nextDouble());
            }
        };
    }

    /// Each element from its place in its row and a number drawn uniformly from [0, 1).
    static Initial each(Element element) {
        return (values, shape, random) -> {
            int columns = (int) shape[shape.length - 1];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) element.at(i / columns, i % columns, random.nextDouble());
            }
        };
    }

    /// Each element from its place among all `count` and a number drawn uniformly from [0, 1).
    static Initial indexed(IndexedElement element) {
        return (values, _, random) -> {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) element.at(i, values.length, random.nextDouble());
            }
        };
    }

    /// See [#indexed].
    @FunctionalInterface
    interface IndexedElement {
        double at(int index, int count, double uniform);
    }

    /// See [#each].
    @FunctionalInterface
    interface Element {
        double at(int row, int column, double uniform);
    }

    /// A time-step bias whose softplus is log-uniform between `least` and `most` (Gu & Dao 2023, section 3.6).
    static Initial timeStep(double least, double most) {
        return each((_, _, u) -> {
            double step = Math.max(1e-4, Math.exp(Math.log(least) + u * (Math.log(most) - Math.log(least))));
            return step + Math.log(-Math.expm1(-step));
        });
    }
}
