package dev.heddle.core.spec;

/// A diagonal state space that does not select (Gu et al. 2022, "On the Parameterization and Initialization of Diagonal
/// State Space Models"): each channel has N states with rates, time step and output weights that are the same for every
/// input, which is what tells it from Mamba. The layer is
///
/// out(act(s)) ⊙ σ(gate(act(s))) with s[t] = Re Σ_n c[n]·h[t,n] + d·x[t].
///
/// @param state      N, states per channel; complex ones come in conjugate pairs and count twice
/// @param form       where the rates lie and start
/// @param activation after the state space
public record S4dSpec(
        @Default("64") int state,
        @Default("lin") Form form,
        @Default("gelu") Activation activation) implements MixerSpec {
    /// Published sets of rates, the values training begins with.
    public enum Form {
        /// a[n] = −½ + iπn.
        LIN,
        /// a[n] = −½ + i·N/π·(N/(2n+1) − 1), the inverse-law approximation of HiPPO-LegS.
        INV,
        /// a[n] = −(n+1), real.
        REAL
    }

    public S4dSpec {
        Check.positive("s4d.state", state);
        Check.present("s4d.form", form);
        Check.present("s4d.activation", activation);
        if (form != Form.REAL && state % 2 != 0) {
            throw new SpecException("s4d.state", "(" + state + ") must be even, because complex states come in pairs");
        }
    }

    public boolean complex() {
        return form != Form.REAL;
    }

    /// States that are stored: one of each conjugate pair.
    public int storedStates() {
        return complex() ? state / 2 : state;
    }

    /// Real part of the rate of stored state `n` where training begins.
    public double initialReal(int n) {
        return switch (form) {
            case LIN, INV -> -0.5;
            case REAL -> -(n + 1.0);
        };
    }

    /// Imaginary part of the rate of stored state `n` where training begins.
    public double initialImaginary(int n) {
        return switch (form) {
            case LIN -> Math.PI * n;
            case INV -> state / Math.PI * (state / (2.0 * n + 1) - 1);
            case REAL -> 0;
        };
    }
}
