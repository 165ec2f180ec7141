package dev.heddle.train.optimize;

/// Parameters that are updated alike.
///
/// @param name  what logs call it
/// @param rate  peak learning rate η
/// @param decay decoupled weight decay λ
public record ParameterGroup(String name, double rate, double decay) {
    public ParameterGroup {
        if (!(rate >= 0) || !Double.isFinite(rate)) {
            throw new IllegalArgumentException("learning rate of group " + name + " must be finite and not negative, not " + rate);
        }
        if (!(decay >= 0) || !Double.isFinite(decay)) {
            throw new IllegalArgumentException("weight decay of group " + name + " must be finite and not negative, not " + decay);
        }
    }
}
