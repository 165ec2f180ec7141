package dev.heddle.cli;

import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.model.analysis.LayerMap;
import dev.heddle.core.model.analysis.MemoryUse;
import dev.heddle.core.model.analysis.ParameterCounts;
import dev.heddle.core.model.analysis.PositionalEncoding;
import dev.heddle.core.model.analysis.TrainingMemory;
import dev.heddle.core.pass.Training;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// An architecture for people: class and reason, layer map, parameters, memory.
final class ArchitectureReport {
    private static final int VARIANTS = 3;
    private static final Pattern LONG_NUMBER = Pattern.compile("\\d+\\.\\d{5,}");

    private final Architecture architecture;
    private final Optional<String> note;
    private final Screen screen;
    private final PrintWriter out;

    /// @param note what the architecture's source does not tell
    ArchitectureReport(Architecture architecture, Optional<String> note, Screen screen, PrintWriter out) {
        this.architecture = architecture;
        this.note = note;
        this.screen = screen;
        this.out = out;
    }

    void print() {
        out.println(ink(Ink.BOLD, architecture.spec().name()) + "  " + ink(Ink.CYAN, architecture.title()));
        wrapped("", architecture.reason());
        note.ifPresent(text -> wrapped("", "Note: " + text));
        out.println();
        new LayerMapPicture(architecture.map(), screen).lines().forEach(out::println);
        out.println();
        layers();
        parameters();
        facts();
        memory();
        architecture.language().ifPresent(this::training);
    }

    private String ink(Ink ink, String text) {
        return ink.on(text, screen.colour());
    }

    private void heading(String title, String note) {
        out.println(ink(Ink.BOLD, title) + (note.isEmpty() ? "" : "  " + ink(Ink.DIM, note)));
    }

    /// Text in lines no longer than the screen, those after the first indented like it.
    private void wrapped(String first, String text) {
        int indent = first.length();
        StringBuilder line = new StringBuilder(first);
        boolean empty = true;
        for (String word : text.split(" ")) {
            if (!empty && line.length() + 1 + word.length() > screen.width()) {
                out.println(line);
                line = new StringBuilder(" ".repeat(indent));
                empty = true;
            }
            line.append(empty ? "" : " ").append(word);
            empty = false;
        }
        out.println(line);
    }

    /// What the layers are, equal ones once.
    private void layers() {
        heading("layers", switch (architecture.spec()) {
            case ModelSpec model -> "width " + model.width() + ", vocabulary " + model.vocabulary()
                    + (model.context() > 0 ? ", context " + Counts.context(model.context()) : "");
            case ImageModelSpec image -> "images of " + image.size() + " × " + image.size() + ", " + image.classes() + " classes";
        });
        Map<String, Map<LayerSpec, Integer>> kinds = new LinkedHashMap<>();
        for (LayerMap.Layer layer : architecture.map().layers()) {
            layer.spec().ifPresent(spec -> kinds.computeIfAbsent(layer.name(), _ -> new LinkedHashMap<>()).merge(spec, 1, Integer::sum));
        }
        int label = kinds.keySet().stream().mapToInt(String::length).max().orElse(0);
        kinds.forEach((name, variants) -> {
            List<Map.Entry<LayerSpec, Integer>> list = List.copyOf(variants.entrySet());
            list.stream().limit(list.size() <= VARIANTS ? VARIANTS : 1).forEach(variant -> wrapped(
                    String.format("  %-" + label + "s %4s  ", name, variant.getValue() + " ×"), details(variant.getKey())));
            if (list.size() > VARIANTS) {
                out.println("  " + " ".repeat(label + 7) + ink(Ink.DIM, "and " + (list.size() - 1) + " that differ in details"));
            }
        });
        out.println();
    }

    /// `heads 32, kv_heads 8, head_dim 128`: the layer as a specification file has it, without its type.
    private static String details(LayerSpec layer) {
        String line = SpecFile.line(layer);
        String inner = line.substring(1, line.length() - 1);
        int comma = inner.indexOf(", ");
        return comma < 0 ? "" : LONG_NUMBER.matcher(inner.substring(comma + 2).replace(": ", " "))
                .replaceAll(number -> String.format(Locale.ROOT, "%.4g", Double.parseDouble(number.group())));
    }

    private void parameters() {
        ParameterCounts counts = architecture.parameters();
        heading("parameters", "");
        out.printf("  %s%s%n", ink(Ink.BOLD, Counts.text(counts.total()) + " total"), counts.active() == counts.total() ? ""
                : ", " + ink(Ink.BOLD, Counts.text(counts.active())) + " active for a token");
        int label = counts.parts().stream().mapToInt(part -> part.name().length()).max().orElse(0);
        int bar = Math.min(40, screen.width() - label - 24);
        for (ParameterCounts.Part part : counts.parts()) {
            double share = (double) part.total() / counts.total();
            String line = String.format(Locale.ROOT, "  %-" + label + "s %8s %5.1f %%  ", part.name(), Counts.text(part.total()), 100 * share);
            out.println((line + ink(Ink.BLUE, "▪".repeat((int) Math.round(share * bar)))).stripTrailing());
        }
        if (architecture.language().filter(model -> model.head().tied()).isPresent()) {
            out.println("  " + ink(Ink.DIM, "the head is the embedding"));
        }
        out.println();
    }

    private void facts() {
        fact("ratio", architecture.ratio().map(ratio -> ratio + " attention to recurrent (" + architecture.map().attention() + " and "
                + architecture.map().recurrent() + ")").orElse(architecture.map().attention() > 0 ? "attention only" : "no attention"));
        if (architecture.language().isEmpty()) {
            out.println();
            return;
        }
        List<PositionalEncoding> positions = architecture.positions();
        if (positions.isEmpty()) {
            fact("positions", "none: the recurrence knows the order");
        }
        positions.forEach(position -> fact("positions", position.text() + " (" + position.layers() + " " + position.mixer() + (position.layers() == 1 ? " layer)" : " layers)")));
        fact("state", architecture.stateBytes() == 0 ? "none" : Bytes.text(architecture.stateBytes()) + " per sequence (" + architecture.types().recurrentText() + ")");
        long all = architecture.keyValueBytesPerToken();
        long beyond = architecture.keyValueBytesPerTokenBeyondWindows();
        fact("keys, values", all == 0 ? "none" : Bytes.text(all) + " per token (" + architecture.types().keyValueText() + ")" + (beyond == all ? "" : beyond == 0
                ? ", nothing beyond the windows" : ", " + Bytes.text(beyond) + " beyond the windows"));
        out.println();
    }

    private void fact(String label, String text) {
        wrapped(String.format("%-14s", label), text);
    }

    private void memory() {
        if (architecture.memory().isEmpty()) {
            return;
        }
        String keyValues = architecture.types().keyValueText();
        heading("memory", "one sequence; weights " + (keyValues.equals("bf16") ? "and keys/values bf16" : "bf16, keys/values " + keyValues)
                + ", state " + architecture.types().recurrentText());
        out.printf("  %7s %9s %9s %11s %9s %11s  %s%n", "context", "weights", "state", "keys/values", "total", "transformer", "sequence");
        for (MemoryUse use : architecture.memory()) {
            out.printf("  %7s %9s %9s %11s %s %11s  %s%n", Counts.context(use.context()), Bytes.text(use.weights()),
                    Bytes.text(use.state()), Bytes.text(use.keyValues()), ink(Ink.BOLD, String.format("%9s", Bytes.text(use.total()))),
                    Bytes.text(use.transformerTotal()), ink(use.saving() > 1 ? Ink.GREEN : Ink.DIM, times(use.saving())));
        }
    }

    /// Bytes of a token of a training step with eight sequences of 256 tokens.
    private void training(ModelSpec model) {
        out.println();
        TrainingMemory kept = TrainingMemory.of(model, 256, 8, Training.PLAIN);
        TrainingMemory again = TrainingMemory.of(model, 256, 8, Training.recomputing(true));
        heading("training", "f32, eight sequences of 256 tokens");
        fact("  parameters", Bytes.text(kept.parameterBytes()) + " with gradients and AdamW's moments");
        fact("  activations", Bytes.text(Math.round(kept.activationsPerToken())) + " per token, "
                + Bytes.text(Math.round(again.activationsPerToken())) + " with recompute");
    }

    /// How many times less a sequence needs.
    private static String times(double saving) {
        if (Math.abs(saving - 1) < 0.05) {
            return "the same";
        }
        return saving < 1 ? String.format(Locale.ROOT, "%.1f× more", 1 / saving)
                : String.format(Locale.ROOT, saving < 10 ? "%.1f× less" : "%,.0f× less", saving);
    }
}
