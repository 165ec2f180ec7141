package dev.heddle.engine;

/// A quantity that two programs have for the same rows of the same sequences.
///
/// The sequences are independent of each other, the rows of one are not: with D_s the mean of `mine` − `theirs` over the rows
/// of sequence s, the difference is the mean of D_s and its standard error √(Σ(D_s − difference)² / (n·(n − 1))). What both
/// have in common is no part of the error, however much it varies.
///
/// @param mine       mean over all rows
/// @param theirs     the same of the other program
/// @param difference mine − theirs
/// @param error      standard error of the difference
record Compared(double mine, double theirs, double difference, double error) {
    /// Standard errors by which a difference may be above zero: where both programs are equally good, one comparison in five
    /// thousand exceeds it (Student's t with 31 degrees of freedom).
    private static final double ERRORS = 4;

    /// @param length rows of a sequence
    static Compared of(double[] mine, double[] theirs, int length) {
        int sequences = mine.length / length;
        double[] differences = new double[sequences];
        double sum = 0;
        double other = 0;
        for (int row = 0; row < mine.length; row++) {
            differences[row / length] += (mine[row] - theirs[row]) / length;
            sum += mine[row];
            other += theirs[row];
        }
        double difference = (sum - other) / mine.length;
        double squares = 0;
        for (double one : differences) {
            squares += (one - difference) * (one - difference);
        }
        return new Compared(sum / mine.length, other / mine.length, difference,
                Math.sqrt(squares / sequences / (sequences - 1)));
    }

    /// Whether mine is no larger, as far as chance lets one say.
    boolean isNoLarger() {
        return difference <= ERRORS * error;
    }

    @Override
    public String toString() {
        return String.format("%.3e of %.3e (%+.2f %% ± %.2f)", mine, theirs, 100 * difference / theirs, 100 * error / theirs);
    }

    /// Σ p ln(p/q) of every row.
    static double[] divergences(float[] p, float[] q, int vocabulary) {
        double[] rows = new double[p.length / vocabulary];
        for (int row = 0; row < rows.length; row++) {
            double normP = normalizer(p, row * vocabulary, vocabulary);
            double normQ = normalizer(q, row * vocabulary, vocabulary);
            for (int i = row * vocabulary; i < (row + 1) * vocabulary; i++) {
                rows[row] += Math.exp(p[i] - normP) * (p[i] - normP - (q[i] - normQ));
            }
        }
        return rows;
    }

    private static double normalizer(float[] logits, int at, int vocabulary) {
        double sum = 0;
        for (int i = at; i < at + vocabulary; i++) {
            sum += Math.exp(logits[i]);
        }
        return Math.log(sum);
    }

    /// In every row the share of `mine` in the squared distances of both from `exact`: a half where they are equally far. Their
    /// mean does not depend on the few rows where a router flips and both are far.
    static double[] shares(float[] mine, float[] theirs, float[] exact, int vocabulary) {
        double[] rows = new double[exact.length / vocabulary];
        for (int row = 0; row < rows.length; row++) {
            double a = distance(mine, exact, row * vocabulary, vocabulary);
            double b = distance(theirs, exact, row * vocabulary, vocabulary);
            rows[row] = a + b == 0 ? 0.5 : a / (a + b);
        }
        return rows;
    }

    private static double distance(float[] logits, float[] exact, int at, int vocabulary) {
        double mean = 0;
        double squares = 0;
        for (int i = at; i < at + vocabulary; i++) {
            double difference = (double) logits[i] - exact[i];
            mean += difference / vocabulary;
            squares += difference * difference;
        }
        return squares - mean * mean * vocabulary;
    }
}
