package dev.heddle.checkpoint.spec;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.model.analysis.LayerMap;
import dev.heddle.core.model.analysis.MemoryUse;
import dev.heddle.core.model.analysis.ParameterCounts;
import dev.heddle.core.model.analysis.PositionalEncoding;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.ModelSpec;
import java.util.Locale;

/// An analysed architecture as JSON, for programs. Fields are added, never renamed.
public final class ArchitectureJson {
    private ArchitectureJson() {
    }

    /// Everything, the specification itself under `spec`.
    public static ObjectNode of(Architecture architecture) {
        ObjectNode root = summary(architecture);
        ArrayNode parts = ((ObjectNode) root.get("parameters")).putArray("parts");
        for (ParameterCounts.Part part : architecture.parameters().parts()) {
            parts.addObject().put("part", part.name()).put("group", part.group().name().toLowerCase(Locale.ROOT))
                    .put("total", part.total()).put("active", Math.round(part.active()));
        }
        ArrayNode positions = root.putArray("positions");
        for (PositionalEncoding position : architecture.positions()) {
            positions.addObject().put("mixer", position.mixer()).put("layers", position.layers()).put("encoding", position.text());
        }
        ArrayNode memory = root.putArray("memory");
        for (MemoryUse use : architecture.memory()) {
            memory.addObject().put("context", use.context()).put("weights_bytes", use.weights()).put("state_bytes", use.state())
                    .put("kv_bytes", use.keyValues()).put("total_bytes", use.total())
                    .put("transformer_kv_bytes", use.transformerKeyValues()).put("transformer_total_bytes", use.transformerTotal());
        }
        ArrayNode layers = root.putArray("layers");
        for (LayerMap.Block block : architecture.map().blocks()) {
            ArrayNode list = layers.addObject().put("block", block.index()).putArray("layers");
            for (LayerMap.Layer layer : block.layers()) {
                ObjectNode node = list.addObject().put("name", layer.name()).put("mixer", layer.isMixer())
                        .put("parallel", layer.parallel());
                layer.kind().ifPresent(kind -> node.put("kind", kind.title()));
                layer.shared().ifPresent(shared -> node.put("shared", shared));
            }
        }
        root.set("spec", SpecFile.json(architecture.spec()));
        return root;
    }

    /// Class, counts and bytes.
    public static ObjectNode summary(Architecture architecture) {
        ObjectNode root = Json.object().put("name", architecture.spec().name()).put("family", architecture.spec().family())
                .put("class", architecture.type().title()).put("class_id", architecture.type().id())
                .put("reason", architecture.reason()).put("experts", architecture.map().hasExperts())
                .put("blocks", architecture.map().blocks().size());
        switch (architecture.spec()) {
            case ModelSpec model -> {
                root.put("width", model.width()).put("vocabulary", model.vocabulary());
                if (model.context() > 0) {
                    root.put("context", model.context());
                } else {
                    root.putNull("context");
                }
            }
            case ImageModelSpec image -> root.put("image_size", image.size()).put("classes", image.classes());
        }
        root.putObject("parameters").put("total", architecture.parameters().total())
                .put("active", architecture.parameters().active());
        ObjectNode ratio = root.putObject("ratio").put("attention", architecture.map().attention())
                .put("recurrent", architecture.map().recurrent());
        architecture.ratio().ifPresentOrElse(text -> ratio.put("attention_to_recurrent", text),
                () -> ratio.putNull("attention_to_recurrent"));
        return root.put("state_bytes", architecture.stateBytes()).put("kv_bytes_per_token", architecture.keyValueBytesPerToken())
                .put("kv_bytes_per_token_beyond_windows", architecture.keyValueBytesPerTokenBeyondWindows());
    }
}
