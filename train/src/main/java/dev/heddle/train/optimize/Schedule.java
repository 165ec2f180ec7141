package dev.heddle.train.optimize;

import java.util.ArrayList;
import java.util.List;

/// How the learning rate runs over the steps of a training: pieces one after the other, each from one factor on the
/// peak rate to another.
///
/// @param pieces at least one
public record Schedule(List<Piece> pieces) {
    /// How a piece gets from its first factor to its last, with u from 0 to 1 along it.
    public enum Curve {
        /// from + (to − from)·u.
        LINEAR,
        /// to + (from − to)·(1 + cos πu)/2 (Loshchilov & Hutter 2017, SGDR).
        COSINE,
        /// from·(to/from)^u, the rapid decay of an annealing phase; both factors must be positive.
        EXPONENTIAL,
        /// from + (to − from)·√u, the "1 − sqrt" cool-down (Hägele et al. 2024).
        ROOT
    }

    /// @param steps length
    /// @param from  factor at the first step
    /// @param to    factor towards which the piece runs; reached where the next piece begins
    public record Piece(long steps, double from, double to, Curve curve) {
        public Piece {
            if (steps < 0) {
                throw new IllegalArgumentException("schedule.steps must not be negative, not " + steps);
            }
            if (!(from >= 0) || !(to >= 0) || !Double.isFinite(from) || !Double.isFinite(to)) {
                throw new IllegalArgumentException("schedule factors must be finite and not negative, not " + from + " and " + to);
            }
            if (curve == Curve.EXPONENTIAL && (from == 0 || to == 0)) {
                throw new IllegalArgumentException("an exponential piece needs positive factors, not " + from + " and " + to);
            }
        }

        double at(long step) {
            double u = (double) step / steps;
            return switch (curve) {
                case LINEAR -> from + (to - from) * u;
                case COSINE -> to + (from - to) * (1 + Math.cos(Math.PI * u)) / 2;
                case EXPONENTIAL -> from * Math.pow(to / from, u);
                case ROOT -> from + (to - from) * Math.sqrt(u);
            };
        }
    }

    public Schedule {
        pieces = List.copyOf(pieces);
        if (pieces.stream().noneMatch(piece -> piece.steps() > 0)) {
            throw new IllegalArgumentException("a schedule needs at least one step");
        }
    }

    /// Always the peak.
    public static Schedule constant(long steps) {
        return new Schedule(List.of(new Piece(steps, 1, 1, Curve.LINEAR)));
    }

    /// Warm-up from 0, then half a cosine down to `floor`.
    public static Schedule cosine(long warmUp, long steps, double floor) {
        return new Schedule(List.of(warmUp(warmUp), new Piece(steps - warmUp, 1, floor, Curve.COSINE)));
    }

    /// Warm-up, stable, decay (Hu et al. 2024, MiniCPM): the last `decay` of `steps` run down to `floor` along `curve`.
    public static Schedule warmUpStableDecay(long warmUp, long steps, long decay, double floor, Curve curve) {
        return new Schedule(List.of(warmUp(warmUp), new Piece(steps - warmUp - decay, 1, 1, Curve.LINEAR),
                new Piece(decay, 1, floor, curve)));
    }

    /// From 1/steps to 1, so that the first step already moves.
    private static Piece warmUp(long steps) {
        return new Piece(steps, steps == 0 ? 1 : 1.0 / steps, 1 + (steps == 0 ? 0 : 1.0 / steps), Curve.LINEAR);
    }

    /// This schedule followed by another: pretraining, then annealing.
    public Schedule then(Schedule next) {
        List<Piece> all = new ArrayList<>(pieces);
        all.addAll(next.pieces);
        return new Schedule(all);
    }

    public long steps() {
        return pieces.stream().mapToLong(Piece::steps).sum();
    }

    /// Factor on the peak rate at `step`, counted from 0; past the end the last value.
    public double at(long step) {
        long rest = step;
        for (Piece piece : pieces) {
            if (rest < piece.steps()) {
                return piece.at(rest);
            }
            rest -= piece.steps();
        }
        return pieces.getLast().to();
    }
}
