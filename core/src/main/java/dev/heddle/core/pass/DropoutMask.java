package dev.heddle.core.pass;

/// Which elements a pass drops: a function of seed, step, part of the step and place in the model, and at each place of row
/// and column. Nothing is remembered, so a resumed run and a block that runs once more draw the same.
///
/// @param rate share of elements dropped; 0 for none
/// @param seed of everything drawn in this pass
public record DropoutMask(double rate, long seed) {
    public static final DropoutMask NONE = new DropoutMask(0, 0);

    public DropoutMask {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout must lie in [0, 1), not " + rate);
        }
    }

    /// The mask of a pass of a training.
    ///
    /// @param step steps taken before
    /// @param part passes of this step before
    public DropoutMask at(long step, int part) {
        return new DropoutMask(rate, mix(mix(seed + step) + part));
    }

    /// Draws at one place in the model.
    public long key(long site) {
        return mix(seed ^ site);
    }

    /// The number of a place in the model with this path (FNV-1a).
    public static long site(String path) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < path.length(); i++) {
            hash = (hash ^ path.charAt(i)) * 0x100000001b3L;
        }
        return hash;
    }

    /// The finaliser of SplitMix64 (Steele et al. 2014).
    private static long mix(long x) {
        long z = x + 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
