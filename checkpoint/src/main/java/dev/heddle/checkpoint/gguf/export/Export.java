package dev.heddle.checkpoint.gguf.export;

import dev.heddle.checkpoint.gguf.GgufValue;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A model described as a GGUF file, before its tensors are read.
///
/// @param architecture `general.architecture`
/// @param metadata     the architecture's hyper-parameters, by whole names
/// @param tensors      in the order of the file
/// @param remark       why the model's own architecture could not be used, if so
public record Export(String architecture, Map<String, GgufValue> metadata, List<ExportedTensor> tensors,
        Optional<String> remark) {
    Export withRemark(String text) {
        return new Export(architecture, metadata, tensors, Optional.of(text));
    }
}
