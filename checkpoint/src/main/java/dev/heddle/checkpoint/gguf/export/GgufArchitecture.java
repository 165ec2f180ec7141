package dev.heddle.checkpoint.gguf.export;

import dev.heddle.core.spec.ModelSpec;
import java.util.Set;

/// One architecture of llama.cpp: which models it can express, and how they are written.
interface GgufArchitecture {
    /// Families whose models are of this architecture; they are not tried with any other.
    Set<String> families();

    /// Describes the model.
    /// @throws Unsuitable if the architecture computes something else than the model
    Export export(ModelSpec spec);
}
