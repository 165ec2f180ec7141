package dev.heddle.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.gguf.GgmlType;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.gguf.GgufTensor;
import dev.heddle.checkpoint.json.Json;
import java.io.PrintWriter;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What is stored in a GGUF file: types of its tensors, alike ones of all blocks together, and its metadata.
final class GgufReport {
    private static final Pattern BLOCK = Pattern.compile("blk\\.\\d+\\.");
    private static final int LONGEST = 160;

    private final GgufFile file;
    private final Map<String, Group> groups = new LinkedHashMap<>();
    private long bytes;
    private long elements;

    /// Tensors of one name in all blocks.
    private static final class Group {
        final Map<GgmlType, Integer> types = new EnumMap<>(GgmlType.class);
        long bytes;

        String text() {
            return types.entrySet().stream().map(type -> type.getKey() + (type.getValue() == 1 ? "" : " × " + type.getValue()))
                    .collect(Collectors.joining(", "));
        }
    }

    GgufReport(GgufFile file) {
        this.file = file;
        for (String name : file.names()) {
            GgufTensor tensor = file.entry(name);
            Group group = groups.computeIfAbsent(BLOCK.matcher(name).replaceFirst("blk.*."), _ -> new Group());
            group.types.merge(tensor.type(), 1, Integer::sum);
            group.bytes += tensor.bytes();
            bytes += tensor.bytes();
            elements += tensor.elements();
        }
    }

    void print(Screen screen, PrintWriter out) {
        out.println();
        out.println(Ink.BOLD.on("file", screen.colour()) + "  " + Ink.DIM.on("GGUF version " + file.version()
                + (file.files() > 1 ? ", " + file.files() + " files" : "") + ", " + file.names().size() + " tensors, "
                + Bytes.text(bytes) + (elements == 0 ? "" : String.format(Locale.ROOT, ", %.2f bits a weight", 8.0 * bytes / elements)),
                screen.colour()));
        int width = groups.keySet().stream().mapToInt(String::length).max().orElse(0);
        groups.forEach((name, group) -> out.printf("  %-" + width + "s  %10s  %s%n", name, Bytes.text(group.bytes), group.text()));
        out.println();
        out.println(Ink.BOLD.on("metadata", screen.colour()));
        file.values().values().forEach((name, value) -> out.println("  " + name + "  " + shown(value.toString())));
    }

    /// One line of it; templates have many.
    private static String shown(String text) {
        String line = text.replace("\n", "\\n").replace("\r", "\\r").replaceAll("\\p{Cntrl}", "·");
        return line.codePointCount(0, line.length()) <= LONGEST ? line
                : line.substring(0, line.offsetByCodePoints(0, LONGEST)) + "… (" + text.length() + " characters)";
    }

    ObjectNode json() {
        ObjectNode root = Json.object().put("version", file.version()).put("files", file.files()).put("bytes", bytes);
        ObjectNode tensors = root.putObject("tensors");
        groups.forEach((name, group) -> {
            ObjectNode node = tensors.putObject(name).put("bytes", group.bytes);
            ObjectNode types = node.putObject("types");
            group.types.forEach((type, count) -> types.put(type.name(), count));
        });
        ObjectNode metadata = root.putObject("metadata");
        file.values().values().forEach((name, value) -> metadata.put(name, value.toString()));
        return root;
    }
}
