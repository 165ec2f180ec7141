package dev.heddle.core.layer;

/// What RWKV's parameters begin as (Peng et al. 2023, 2024 and 2025 with their reference trainings), from the place of a
/// layer in the model and of a channel among its fellows.
///
/// @param depth  ρ, 0 in the first block and 1 in the last
/// @param height 1 − block / blocks, 1 in the first block and nearly 0 in the last
record RwkvInitial(double depth, double height) {
    /// ln 0.3 + zigzag/2, the bonus of version 4.
    static final Initial BONUS = Initial.indexed((i, _, _) -> Math.log(0.3) + 0.5 * zigzag(i));

    /// The narrow maps of versions 6 and 7 begin with almost no effect.
    static final Initial FAINT = Initial.uniform(-1e-4, 1e-4);

    static RwkvInitial of(Scope scope) {
        int blocks = scope.blocks();
        return new RwkvInitial(blocks < 2 ? 0 : (double) scope.block() / (blocks - 1), 1 - (double) scope.block() / blocks);
    }

    /// Share of the present row: (channel/width)^(power·height) + offset·ρ.
    Initial present(double power, double offset) {
        return Initial.indexed((i, n, _) -> Math.pow((double) i / n, power * height) + offset * depth);
    }

    /// Share of the row before: 1 − [#present].
    Initial previous(double power, double offset) {
        return Initial.indexed((i, n, _) -> 1 - Math.pow((double) i / n, power * height) - offset * depth);
    }

    /// first + span·(channel/(channels−1))^(power + slope·ρ): channels that forget at very different rates.
    Initial decay(double first, double span, double power, double slope) {
        return Initial.indexed((i, n, _) -> first + span * Math.pow((double) i / Math.max(1, n - 1), power + slope * depth));
    }

    /// ρ·(1 − channel/(channels−1)) + zigzag/10, the bonus of versions 5 and 6.
    Initial laterBonus() {
        return Initial.indexed((i, n, _) -> depth * (1 - (double) i / Math.max(1, n - 1)) + 0.1 * zigzag(i));
    }

    private static double zigzag(int channel) {
        return (channel + 1) % 3 - 1;
    }
}
