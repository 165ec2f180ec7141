package dev.heddle.core.spec;

/// down(outputScale · act(gateScale · gate x) ⊙ up x) (Shazeer 2020, GLU variants).
///
/// @param inner       inner width F
/// @param activation  non-linearity on the gate
/// @param bias        biases on all three projections
/// @param gateScale   factor on the gate before the activation; 1 for none
/// @param outputScale factor on the output; 1 for none
/// @param adapterRank rank of a correction that each use of a shared block adds to gate and up by itself (Zamba2); 0 for none
public record GatedMlpSpec(
        int inner,
        @Default("silu") Activation activation,
        @Default("false") boolean bias,
        @Default("1") double gateScale,
        @Default("1") double outputScale,
        @Default("0") int adapterRank) implements ChannelMixerSpec {
    public GatedMlpSpec {
        Check.positive("gatedMlp.inner", inner);
        Check.present("gatedMlp.activation", activation);
        Check.finite("gatedMlp.gateScale", gateScale);
        Check.finite("gatedMlp.outputScale", outputScale);
        Check.notNegative("gatedMlp.adapterRank", adapterRank);
    }

    public GatedMlpSpec(int inner, Activation activation, boolean bias, double gateScale, double outputScale) {
        this(inner, activation, bias, gateScale, outputScale, 0);
    }

    public static GatedMlpSpec of(int inner, Activation activation) {
        return new GatedMlpSpec(inner, activation, false, 1, 1);
    }

    public GatedMlpSpec withAdapterRank(int adapterRank) {
        return new GatedMlpSpec(inner, activation, bias, gateScale, outputScale, adapterRank);
    }
}
