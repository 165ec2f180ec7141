package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.gguf.export.HeddleArchitecture;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.DType;
import java.util.List;

/// `heddle`: any model, whose specification the metadata holds and whose tensors are called like its parameters.
final class GgufHeddle implements GgufFamily {
    @Override
    public List<String> architectures() {
        return List.of(HeddleArchitecture.NAME);
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        String field = HeddleArchitecture.SPECIFICATION.substring(HeddleArchitecture.NAME.length() + 1);
        return SpecFile.parse(gguf.config().string(field), gguf.config().origin() + ": " + HeddleArchitecture.SPECIFICATION, name);
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        Model model = new Model(spec, new ShapeOnly(DType.F32));
        model.parameters().keySet().forEach(name -> binder.bind(name, name));
        model.buffers().keySet().forEach(name -> binder.bindBuffer(name, name));
    }
}
