package dev.heddle.checkpoint.quantize;

import java.util.Arrays;

/// The scale s and offset m ≥ 0 for which integers q of 0 to `steps` approach numbers best: least Σ w·(s·q − m − x)².
///
/// For given integers the normal equations give s and m; the integers come from rounding x + m with guessed scales
/// (steps + firstGuess + i/10)/(max x + m), i = 0 … `guesses`, where m is the best offset so far.
final class AffineFit {
    private final int size;
    private final int steps;
    private final float firstGuess;
    private final int guesses;
    private final int[] trial;
    private float offset;

    AffineFit(int size, int steps, float firstGuess, int guesses) {
        this.size = size;
        this.steps = steps;
        this.firstGuess = firstGuess;
        this.guesses = guesses;
        trial = new int[size];
    }

    /// The offset m that belongs to the scale found last.
    float offset() {
        return offset;
    }

    /// Finds scale and integers of the numbers from `from` on.
    /// @return the scale
    float fit(float[] x, int from, float[] weights, int[] quants, int at) {
        float least = x[from];
        float most = x[from];
        float sumW = weights[0];
        float sumX = sumW * x[from];
        for (int i = 1; i < size; i++) {
            least = Math.min(least, x[from + i]);
            most = Math.max(most, x[from + i]);
            sumW += weights[i];
            sumX += weights[i] * x[from + i];
        }
        least = Math.min(least, 0);
        if (most == least) {
            Arrays.fill(quants, at, at + size, 0);
            offset = -least;
            return 0;
        }
        float inverse = steps / (most - least);
        float scale = 1 / inverse;
        round(x, from, least, inverse, quants, at);
        float best = error(x, from, weights, quants, at, scale, least);
        for (int guess = 0; guess <= guesses; guess++) {
            round(x, from, least, (firstGuess + 0.1f * guess + steps) / (most - least), trial, 0);
            float sumQ = 0;
            float sumQq = 0;
            float sumXq = 0;
            for (int i = 0; i < size; i++) {
                float wq = weights[i] * trial[i];
                sumQ += wq;
                sumQq += wq * trial[i];
                sumXq += wq * x[from + i];
            }
            float determinant = sumW * sumQq - sumQ * sumQ;
            if (determinant > 0) {
                float fitted = (sumW * sumXq - sumX * sumQ) / determinant;
                float lowest = (sumQq * sumX - sumQ * sumXq) / determinant;
                if (lowest > 0) {
                    lowest = 0;
                    fitted = sumXq / sumQq;
                }
                float error = error(x, from, weights, trial, 0, fitted, lowest);
                if (error < best) {
                    System.arraycopy(trial, 0, quants, at, size);
                    best = error;
                    scale = fitted;
                    least = lowest;
                }
            }
        }
        offset = -least;
        return scale;
    }

    private void round(float[] x, int from, float least, float inverse, int[] quants, int at) {
        for (int i = 0; i < size; i++) {
            quants[at + i] = Math.clamp(Bits.nearestEven(inverse * (x[from + i] - least)), 0, steps);
        }
    }

    private float error(float[] x, int from, float[] weights, int[] quants, int at, float scale, float least) {
        float error = 0;
        for (int i = 0; i < size; i++) {
            float difference = scale * quants[at + i] + least - x[from + i];
            error += weights[i] * (difference * difference);
        }
        return error;
    }
}
