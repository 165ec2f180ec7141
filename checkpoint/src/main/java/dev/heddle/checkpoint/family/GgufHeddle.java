package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.gguf.export.HeddleArchitecture;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.spec.ModelSpec;
import java.util.List;

/// `heddle`: any model, its specification in the metadata, its parameters under their own names.
final class GgufHeddle implements GgufFamily {
    private static final String SPECIFICATION = "specification";

    @Override
    public List<String> architectures() {
        return List.of(HeddleArchitecture.NAME);
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        return SpecFile.parse(gguf.config().string(SPECIFICATION), gguf.config().origin() + ": "
                + HeddleArchitecture.SPECIFICATION, name);
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        HeddleNative.bind(spec, binder);
    }
}
