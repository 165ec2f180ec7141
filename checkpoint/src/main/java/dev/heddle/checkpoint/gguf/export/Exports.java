package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.ModelSpec;
import java.util.List;
import java.util.Optional;

/// Chooses the architecture a model is written as.
public final class Exports {
    private static final List<GgufArchitecture> ALL = List.of(new MambaArchitecture(), new Mamba2Architecture(),
            new JambaArchitecture(), new FalconH1Architecture(), new GraniteHybridArchitecture(), new NemotronHArchitecture(),
            new Lfm2Architecture(), new Rwkv6Architecture(), new Rwkv7Architecture(), new Qwen3NextArchitecture(),
            new LlamaArchitecture());

    private Exports() {
    }

    /// Describes the model as the architecture of llama.cpp that computes the same, and where there is none as Heddle's own.
    ///
    /// The architecture of its family is the only one tried; models of no published family get the first that fits.
    public static Export of(ModelSpec spec) {
        List<GgufArchitecture> own = ALL.stream().filter(one -> one.families().contains(spec.family())).toList();
        Optional<String> remark = Optional.empty();
        for (GgufArchitecture architecture : own.isEmpty() ? ALL : own) {
            try {
                return architecture.export(spec);
            } catch (Unsuitable e) {
                remark = own.isEmpty() ? Optional.empty() : Optional.of(spec.family() + " as llama.cpp knows it " + e.getMessage());
            }
        }
        Export export = new HeddleArchitecture().export(spec);
        return remark.map(export::withRemark).orElse(export);
    }
}
