package dev.heddle.core.spec;

/// Gated memory unit (Ren et al. 2025, SambaY): out(silu(in x) ⊙ memory), where the memory is what an earlier recurrent
/// layer has gathered at the same position.
///
/// @param inner  width of the memory
/// @param memory the name under which the earlier layer publishes it
/// @param bias   biases of both projections
public record GatedMemoryUnitSpec(int inner, String memory, @Default("false") boolean bias) implements MixerSpec {
    public GatedMemoryUnitSpec {
        Check.positive("gatedMemoryUnit.inner", inner);
        Check.present("gatedMemoryUnit.memory", memory);
    }
}
