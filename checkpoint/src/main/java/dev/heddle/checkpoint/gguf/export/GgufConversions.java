package dev.heddle.checkpoint.gguf.export;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.gguf.GgufMetadata;
import dev.heddle.checkpoint.gguf.GgufValue;
import dev.heddle.checkpoint.quantize.FileType;
import dev.heddle.checkpoint.quantize.TensorTypes;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.tokenizer.GgufVocabulary;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The ways to a GGUF file: from a checkpoint, and from another GGUF file.
public final class GgufConversions {
    private static final String CHAT_TEMPLATE = "tokenizer.chat_template";

    private GgufConversions() {
    }

    /// A checkpoint as the GGUF architecture that computes the same.
    public static GgufConversion of(Checkpoint checkpoint, FileType file) {
        Model shapes = new Model(checkpoint.spec(), new ShapeOnly(DType.F32));
        Map<String, Tensor> all = new LinkedHashMap<>(shapes.parameters());
        all.putAll(shapes.buffers());
        ParameterSource source = checkpoint.parameters();
        Map<String, GgufValue> texts = new LinkedHashMap<>();
        GgufVocabulary.Described vocabulary = GgufVocabulary.of(checkpoint.folder(), checkpoint.spec().vocabulary());
        texts.putAll(vocabulary.values());
        ChatTemplate.sources(checkpoint.folder()).forEach((name, template) -> texts.put(name.equals("default")
                ? CHAT_TEMPLATE : CHAT_TEMPLATE + "." + name, new GgufValue.Text(template)));
        return of(checkpoint.spec(), (name, _) -> source.parameter(name, ParameterSource.Kind.MATRIX, all.get(name).shape()),
                texts, vocabulary.remark(), file);
    }

    /// A model without a vocabulary.
    ///
    /// @param parameters finds its parameters and buffers
    public static GgufConversion of(ModelSpec spec, GgufConversion.Source parameters, FileType file) {
        return of(spec, parameters, GgufVocabulary.Described.none(Optional.empty()).values(), Optional.empty(), file);
    }

    private static GgufConversion of(ModelSpec spec, GgufConversion.Source parameters, Map<String, GgufValue> texts,
            Optional<String> lost, FileType file) {
        Export export = Exports.of(spec);
        Map<String, GgufValue> general = GgufConversion.general(export.architecture(), spec.name(), file);
        general.putAll(texts);
        List<String> remarks = new ArrayList<>();
        export.remark().ifPresent(text -> remarks.add("written as Heddle's own architecture, which llama.cpp does not load: " + text));
        lost.ifPresent(remarks::add);
        return new GgufConversion(export, remarks, parameters, GgufConversion.types(export, file), general);
    }

    /// The same file with other types: what it says of its model and its vocabulary stays, and so do tensors that are not
    /// quantized.
    public static GgufConversion of(GgufFile source, FileType file) {
        GgufMetadata metadata = source.values();
        String architecture = metadata.architecture();
        List<ExportedTensor> tensors = new ArrayList<>();
        List<TensorTypes.Candidate> candidates = new ArrayList<>();
        for (String name : source.names()) {
            Tensor tensor = source.tensor(name);
            tensors.add(new ExportedTensor(name, tensor.shape(), List.of(Part.of(name))));
            candidates.add(new TensorTypes.Candidate(name, tensor.shape(), tensor.dtype()));
        }
        Map<String, GgufValue> values = new LinkedHashMap<>(metadata.values());
        values.keySet().removeIf(name -> name.startsWith("split."));
        values.putAll(GgufConversion.fileType(file));
        Map<String, DType> types = TensorTypes.of(file, candidates, metadata.index(architecture + ".block_count").orElseThrow(
                () -> new CheckpointException(source.describe() + ": the metadata has no " + architecture + ".block_count")),
                metadata.index(architecture + ".expert_count").orElse(0));
        return new GgufConversion(new Export(architecture, Map.of(), tensors, Optional.empty()), List.of(),
                (name, _) -> source.tensor(name), types, values);
    }

    /// Whether writing this file anew would quantize numbers that are quantized already.
    public static boolean isQuantized(GgufFile source) {
        return source.names().stream().anyMatch(name -> source.tensor(name).dtype().isQuantized());
    }
}
