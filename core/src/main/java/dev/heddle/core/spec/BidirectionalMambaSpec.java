package dev.heddle.core.spec;

/// Two selective scans over one sequence, the second from its end to its beginning, with convolution, time step, B, C, A
/// and D of their own between shared projections (Zhu et al. 2024, Vision Mamba):
/// out(scale · silu(z) ⊙ (scan(x) + reverse(scan′(reverse(x))))).
///
/// @param scan  what each direction is
/// @param scale factor on the sum; ½ for the mean of both directions
public record BidirectionalMambaSpec(Mamba1Spec scan, double scale) implements ImageMixerSpec {
    public BidirectionalMambaSpec {
        Check.present("bidirectionalMamba.scan", scan);
        Check.finite("bidirectionalMamba.scale", scale);
        if (!scan.innerNorm().isNone()) {
            throw new SpecException("bidirectionalMamba.scan.innerNorm", "must be none");
        }
    }
}
