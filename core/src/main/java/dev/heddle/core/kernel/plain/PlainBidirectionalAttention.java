package dev.heddle.core.kernel.plain;

import static dev.heddle.core.kernel.plain.Elements.plus;
import static dev.heddle.core.kernel.plain.Elements.put;
import static dev.heddle.core.kernel.plain.Elements.row;

import dev.heddle.core.kernel.BidirectionalAttention;
import dev.heddle.core.kernel.Segments;
import dev.heddle.core.tensor.Tensor;

/// [BidirectionalAttention] in plain loops, one query after the other.
public final class PlainBidirectionalAttention implements BidirectionalAttention {
    /// Rows of one head in one segment.
    private static double[][] head(Shape shape, Tensor x, Segments segments, int s, int h) {
        double[][] rows = new double[segments.length(s)][];
        for (int t = 0; t < rows.length; t++) {
            rows[t] = row(x, segments.start(s) + t, h * shape.headDim(), shape.headDim());
        }
        return rows;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double[] weights(Shape shape, double[] q, double[][] keys) {
        double[] weights = new double[keys.length];
        double max = Double.NEGATIVE_INFINITY;
        for (int s = 0; s < keys.length; s++) {
            weights[s] = shape.scale() * dot(q, keys[s]);
            max = Math.max(max, weights[s]);
        }
        double sum = 0;
        for (int s = 0; s < keys.length; s++) {
            weights[s] = Math.exp(weights[s] - max);
            sum += weights[s];
        }
        for (int s = 0; s < keys.length; s++) {
            weights[s] /= sum;
        }
        return weights;
    }

    @Override
    public void forward(Shape shape, Tensor y, Tensor q, Tensor k, Tensor v, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            for (int h = 0; h < shape.heads(); h++) {
                double[][] queries = head(shape, q, segments, s, h);
                double[][] keys = head(shape, k, segments, s, h);
                double[][] values = head(shape, v, segments, s, h);
                for (int t = 0; t < queries.length; t++) {
                    double[] weights = weights(shape, queries[t], keys);
                    double[] out = new double[shape.headDim()];
                    for (int r = 0; r < values.length; r++) {
                        for (int i = 0; i < out.length; i++) {
                            out[i] += weights[r] * values[r][i];
                        }
                    }
                    put(y, segments.start(s) + t, h * shape.headDim(), out);
                }
            }
        }
    }

    @Override
    public void backward(Shape shape, Tensor dq, Tensor dk, Tensor dv, Tensor dy, Tensor q, Tensor k, Tensor v,
            Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            for (int h = 0; h < shape.heads(); h++) {
                double[][] queries = head(shape, q, segments, s, h);
                double[][] keys = head(shape, k, segments, s, h);
                double[][] values = head(shape, v, segments, s, h);
                double[][] out = head(shape, dy, segments, s, h);
                int n = queries.length;
                int dim = shape.headDim();
                double[][] dQueries = new double[n][dim];
                double[][] dKeys = new double[n][dim];
                double[][] dValues = new double[n][dim];
                for (int t = 0; t < n; t++) {
                    double[] weights = weights(shape, queries[t], keys);
                    double[] dWeights = new double[n];
                    double mean = 0;
                    for (int r = 0; r < n; r++) {
                        dWeights[r] = dot(out[t], values[r]);
                        mean += weights[r] * dWeights[r];
                    }
                    for (int r = 0; r < n; r++) {
                        double dScore = shape.scale() * weights[r] * (dWeights[r] - mean);
                        for (int i = 0; i < dim; i++) {
                            dValues[r][i] += weights[r] * out[t][i];
                            dQueries[t][i] += dScore * keys[r][i];
                            dKeys[r][i] += dScore * queries[t][i];
                        }
                    }
                }
                for (int t = 0; t < n; t++) {
                    plus(dq, segments.start(s) + t, h * dim, dQueries[t]);
                    plus(dk, segments.start(s) + t, h * dim, dKeys[t]);
                    plus(dv, segments.start(s) + t, h * dim, dValues[t]);
                }
            }
        }
    }
}
