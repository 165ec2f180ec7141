package dev.heddle.checkpoint.gguf.export;

import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.spec.ModelSpec;
import java.util.Set;

/// `heddle`: any model, its specification as JSON in `heddle.specification`, its parameters under their own names.
///
/// llama.cpp does not know this architecture; Heddle reads it, and programs that only list a file's tensors can.
public final class HeddleArchitecture implements GgufArchitecture {
    /// `general.architecture`.
    public static final String NAME = "heddle";

    /// Where the specification stands.
    public static final String SPECIFICATION = "heddle.specification";

    @Override
    public Set<String> families() {
        return Set.of();
    }

    @Override
    public Export export(ModelSpec spec) {
        Draft draft = new Draft(NAME, spec);
        draft.number("vocab_size", spec.vocabulary());
        draft.number("context_length", spec.context());
        draft.number("embedding_length", spec.width());
        draft.number("block_count", spec.blocks().size());
        draft.text("specification", SpecFile.json(spec).toString());
        draft.parameters().forEach(name -> draft.root().copy(name, name));
        return draft.finish();
    }
}
