package dev.heddle.checkpoint.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.spec.SpecNode.Listing;
import dev.heddle.checkpoint.spec.SpecNode.Mapping;
import dev.heddle.checkpoint.spec.SpecNode.Scalar;
import dev.heddle.core.spec.ArchitectureSpec;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// Architectures as files, YAML or JSON. `docs/architectures.md` describes the format.
///
/// Keys are the components of the records of `dev.heddle.core.spec` in snake case; `type` says which record stands
/// where several can. What has a [dev.heddle.core.spec.Default] may be left out. An unknown key, a missing one and a
/// value that its record refuses are errors that say line, column and path.
public final class SpecFile {
    private static final long LARGEST = 16 << 20;
    private static final String DEFINE = "define";

    private SpecFile() {
    }

    /// Whether the document looks like a specification and not like a checkpoint's `config.json`.
    public static boolean isSpec(JsonNode document) {
        return document.has("blocks") && document.has("width") || document.has("backbone") && document.has("classes");
    }

    /// A record of any class from a YAML or JSON file, by the rules of specifications: keys in snake case, defaults from
    /// [dev.heddle.core.spec.Default], errors with line, column and path.
    /// @throws CheckpointException if the file is missing, malformed or does not fit
    public static <T extends Record> T record(Class<T> type, Path file) {
        return record(type, text(file), file.toString());
    }

    /// A record from `text`.
    ///
    /// @param origin names the text in errors
    public static <T extends Record> T record(Class<T> type, String text, String origin) {
        SpecError error = new SpecError(origin);
        if (!(SpecTree.parse(text, origin) instanceof Mapping mapping)) {
            throw error.wrong(SpecTree.parse(text, origin), "the document", "a mapping");
        }
        return new SpecDecoder(new SpecTypes(), error, Map.of()).root(type, mapping);
    }

    /// A record as YAML that [#record] reads.
    public static String recordYaml(Record record) {
        return YamlText.of(new SpecEncoder(new SpecTypes()).root(record));
    }

    /// The specification in `file`.
    ///
    /// @param name what the model is called if the file does not say
    /// @throws CheckpointException if the file is missing, malformed or describes no model
    public static ArchitectureSpec read(Path file, String name) {
        return architecture(text(file), file.toString(), name);
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > LARGEST) {
                throw new CheckpointException(file + ": " + Files.size(file) + " bytes are more than a specification has");
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file + ": no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read (" + e + ")", e);
        }
    }

    /// The specification in `text`.
    ///
    /// @param origin names the text in errors
    /// @param name   what the model is called if the text does not say
    public static ArchitectureSpec architecture(String text, String origin, String name) {
        SpecError error = new SpecError(origin);
        SpecNode node = SpecTree.parse(text, origin);
        if (!(node instanceof Mapping mapping)) {
            throw error.wrong(node, "the document", "a mapping");
        }
        Map<String, SpecNode> entries = new LinkedHashMap<>(mapping.entries());
        Map<String, SpecNode> definitions = Map.of();
        SpecNode define = entries.remove(DEFINE);
        if (define != null) {
            if (!(define instanceof Mapping named)) {
                throw error.wrong(define, DEFINE, "a mapping from names to layers, norms and other parts");
            }
            definitions = named.entries();
        }
        entries.putIfAbsent("name", Scalar.string(name));
        Class<? extends ArchitectureSpec> type = entries.containsKey("backbone") ? ImageModelSpec.class : ModelSpec.class;
        return new SpecDecoder(new SpecTypes(), error, definitions).root(type, new Mapping(entries, mapping.place()));
    }

    /// The specification of a language model in `text`.
    /// @throws CheckpointException if it is that of an image model
    public static ModelSpec parse(String text, String origin, String name) {
        if (architecture(text, origin, name) instanceof ModelSpec model) {
            return model;
        }
        throw new CheckpointException(origin + ": describes an image model, expected a language model");
    }

    /// The specification as YAML.
    public static String yaml(ArchitectureSpec spec) {
        return YamlText.of(new SpecEncoder(new SpecTypes()).root((Record) spec));
    }

    /// The specification as JSON.
    public static ObjectNode json(ArchitectureSpec spec) {
        return (ObjectNode) json(new SpecEncoder(new SpecTypes()).root((Record) spec));
    }

    /// One layer on one line, `{type: attention, heads: 32, …}`.
    public static String line(LayerSpec layer) {
        return YamlText.flow(new SpecEncoder(new SpecTypes()).value(LayerSpec.class, layer));
    }

    private static JsonNode json(SpecNode node) {
        return switch (node) {
            case Mapping mapping -> {
                ObjectNode object = JsonNodeFactory.instance.objectNode();
                mapping.entries().forEach((key, value) -> object.set(key, json(value)));
                yield object;
            }
            case Listing listing -> {
                ArrayNode array = JsonNodeFactory.instance.arrayNode();
                listing.items().forEach(item -> array.add(json(item)));
                yield array;
            }
            case Scalar scalar -> switch (scalar.kind()) {
                case STRING -> JsonNodeFactory.instance.textNode(scalar.text());
                case NUMBER -> scalar.text().matches("-?\\d{1,18}") ? JsonNodeFactory.instance.numberNode(Long.parseLong(scalar.text()))
                        : JsonNodeFactory.instance.numberNode(new BigDecimal(scalar.text()));
                case BOOLEAN -> JsonNodeFactory.instance.booleanNode(Boolean.parseBoolean(scalar.text()));
                case NULL -> JsonNodeFactory.instance.nullNode();
            };
        };
    }
}
