package dev.heddle.cli;

import dev.heddle.checkpoint.zoo.Preset;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.model.analysis.ArchitectureClass;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.ModelSpec;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Presets as a table, those of one class together. Wide terminals also show who made them and the licence.
final class ZooTable {
    private static final int NARROW = 92;

    private final List<ZooCommand.Entry> entries;
    private final Screen screen;

    ZooTable(List<ZooCommand.Entry> entries, Screen screen) {
        this.entries = entries;
        this.screen = screen;
    }

    void print(PrintWriter out) {
        int name = Math.max(4, entries.stream().mapToInt(entry -> entry.preset().name().length()).max().orElse(0));
        boolean wide = screen.width() >= name + NARROW;
        String header = String.format("%-" + (name + 2) + "s %4s %8s %8s %8s %6s %9s %9s", "", "year", "mix:attn", "params", "active",
                "ctx", "state", "kv/token") + (wide ? "  made by, licence" : "");
        out.println(Ink.DIM.on(header, screen.colour()));
        for (ArchitectureClass type : ArchitectureClass.values()) {
            List<ZooCommand.Entry> group = entries.stream().filter(entry -> entry.architecture().type() == type).toList();
            if (!group.isEmpty()) {
                out.println(Ink.BOLD.on(type.title(), screen.colour()));
                group.forEach(entry -> out.println(row(entry, name, wide)));
            }
        }
        out.println(Ink.DIM.on(entries.size() + (entries.size() == 1 ? " model" : " models")
                + "; state f32, keys and values bf16; 'heddle inspect NAME' tells more", screen.colour()));
    }

    private String row(ZooCommand.Entry entry, int name, boolean wide) {
        Preset preset = entry.preset();
        Architecture architecture = entry.architecture();
        long total = architecture.parameters().total();
        long active = architecture.parameters().active();
        String context = switch (architecture.spec()) {
            case ModelSpec model -> model.context() == 0 ? architecture.map().attention() == 0 ? "∞" : "–" : Counts.context(model.context());
            case ImageModelSpec image -> image.size() + "px";
        };
        String row = String.format(" %-" + name + "s  %4s %8s %8s %8s %6s %9s %9s", preset.name(),
                preset.year().isPresent() ? Integer.toString(preset.year().getAsInt()) : "", mixersPerAttention(architecture), Counts.text(total),
                active == total ? "" : Counts.text(active), context, architecture.stateBytes() == 0 ? "–" : Bytes.text(architecture.stateBytes()),
                architecture.keyValueBytesPerToken() == 0 ? "–" : Bytes.text(architecture.keyValueBytesPerToken()));
        if (!wide) {
            return row;
        }
        String maker = Stream.of(Optional.of(preset.organisation()), preset.licence())
                .flatMap(Optional::stream).collect(Collectors.joining(", "));
        int room = screen.width() - row.length() - 2;
        return row + "  " + Ink.DIM.on(maker.length() <= room ? maker : maker.substring(0, Math.max(0, room - 1)) + "…", screen.colour());
    }

    /// `7:1`: seven other mixers to one of attention.
    private static String mixersPerAttention(Architecture architecture) {
        int attention = architecture.map().attention();
        int others = architecture.map().mixers().size() - attention;
        if (attention == 0) {
            return "no attn";
        }
        if (others == 0) {
            return "all attn";
        }
        return others % attention == 0 ? others / attention + ":1"
                : attention % others == 0 ? "1:" + attention / others
                : others > attention ? String.format(Locale.ROOT, "%.1f:1", (double) others / attention)
                : String.format(Locale.ROOT, "1:%.1f", (double) attention / others);
    }
}
