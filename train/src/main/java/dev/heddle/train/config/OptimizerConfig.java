package dev.heddle.train.config;

import dev.heddle.core.spec.Default;

/// AdamW and its peak learning rates.
///
/// @param rate          peak rate of everything that has no rate of its own
/// @param recurrentRate peak rate of recurrent mixers; the default is `rate`
/// @param attentionRate peak rate of attention; the default is `rate`
/// @param beta1         β₁
/// @param beta2         β₂
/// @param epsilon       ε
/// @param weightDecay   λ of matrices; norms, biases, decays and time steps have none
/// @param clip          largest norm of the gradient; 0 for no limit
public record OptimizerConfig(
        @Default("0.003") double rate,
        @Default(sameAs = "rate") double recurrentRate,
        @Default(sameAs = "rate") double attentionRate,
        @Default("0.9") double beta1,
        @Default("0.95") double beta2,
        @Default("1e-8") double epsilon,
        @Default("0.1") double weightDecay,
        @Default("1") double clip) {
}
