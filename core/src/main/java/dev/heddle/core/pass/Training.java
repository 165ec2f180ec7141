package dev.heddle.core.pass;

/// How a pass that learns differs from one that answers.
///
/// @param recompute whether blocks keep only their input and run once more for the backward
/// @param dropout   which elements of the residual branches are dropped
/// @param routers   how the routers of mixtures are kept even
public record Training(boolean recompute, DropoutMask dropout, Routers routers) {
    /// @param watched whether a pass notes how its routers used their experts
    /// @param balance factor of each router's load-balancing loss
    public record Routers(boolean watched, double balance) {
        public static final Routers PLAIN = new Routers(false, 0);
    }

    /// As if it answered.
    public static final Training PLAIN = new Training(false, DropoutMask.NONE, Routers.PLAIN);

    /// As if it answered, but with this.
    public static Training recomputing(boolean recompute) {
        return PLAIN.withRecompute(recompute);
    }

    public Training withRecompute(boolean recompute) {
        return new Training(recompute, dropout, routers);
    }

    public Training withDropout(DropoutMask dropout) {
        return new Training(recompute, dropout, routers);
    }

    public Training withRouters(Routers routers) {
        return new Training(recompute, dropout, routers);
    }
}
