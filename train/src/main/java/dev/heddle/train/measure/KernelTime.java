package dev.heddle.train.measure;

/// What one kernel took in a training step.
///
/// @param name    its interface and method
/// @param calls   how often it ran
/// @param seconds how long, all calls together
/// @param flops   floating-point operations of its equations, 0 where none are counted
public record KernelTime(String name, int calls, double seconds, double flops) {
    KernelTime plus(KernelTime other) {
        return new KernelTime(name, calls + other.calls, seconds + other.seconds, flops + other.flops);
    }
}
