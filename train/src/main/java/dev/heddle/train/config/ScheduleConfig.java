package dev.heddle.train.config;

import dev.heddle.core.spec.Default;
import dev.heddle.train.optimize.Schedule;

/// How the learning rate runs over the steps of a phase.
public sealed interface ScheduleConfig {
    /// The schedule over `steps` steps.
    Schedule over(long steps);

    /// Always the peak.
    record Constant() implements ScheduleConfig {
        @Override
        public Schedule over(long steps) {
            return Schedule.constant(steps);
        }
    }

    /// Warm-up, then half a cosine down to `floor` of the peak.
    record Cosine(@Default("100") long warmUp, @Default("0.1") double floor) implements ScheduleConfig {
        @Override
        public Schedule over(long steps) {
            return Schedule.cosine(Math.min(warmUp, steps), steps, floor);
        }
    }

    /// Warm-up, stable, and a last part `decay` (of the steps) down to `floor`.
    record WarmUpStableDecay(@Default("100") long warmUp, @Default("0.2") double decay, @Default("0.01") double floor,
            @Default("exponential") Schedule.Curve curve) implements ScheduleConfig {
        @Override
        public Schedule over(long steps) {
            long warm = Math.min(warmUp, steps);
            return Schedule.warmUpStableDecay(warm, steps, Math.min(Math.round(steps * decay), steps - warm), floor, curve);
        }
    }

    /// From the peak straight down to `floor`: the rapid decay of an annealing phase.
    record Decay(@Default("0.01") double floor, @Default("exponential") Schedule.Curve curve) implements ScheduleConfig {
        @Override
        public Schedule over(long steps) {
            return Schedule.warmUpStableDecay(0, steps, steps, floor, curve);
        }
    }
}
