package dev.heddle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.ArchitectureJson;
import dev.heddle.checkpoint.zoo.ModelSpecs;
import dev.heddle.checkpoint.zoo.Preset;
import dev.heddle.checkpoint.zoo.PublishedSize;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.model.analysis.Architecture;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle zoo`: the published models Heddle knows by their configurations.
@Command(name = "zoo", mixinStandardHelpOptions = true,
        description = "List the published architectures that come with Heddle. Each name works wherever an architecture is expected.",
        footer = {"", "Filters may be parts of a word, in any case; all given ones must fit.", "",
            "Example: heddle zoo --class hybrid --max-params 8b"})
final class ZooCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "NAME", arity = "0..1", defaultValue = "", description = "part of a name")
    String name;

    @Option(names = "--family", paramLabel = "FAMILY", defaultValue = "", description = "checkpoint family: jamba, mamba2, llama, …")
    String family;

    @Option(names = "--org", paramLabel = "NAME", defaultValue = "", description = "who made it")
    String organisation;

    @Option(names = "--class", paramLabel = "CLASS", defaultValue = "", description = "class: hybrid, mamba, linear, moe, vision, …")
    String type;

    @Option(names = {"--licence", "--license"}, paramLabel = "NAME", defaultValue = "", description = "licence: apache, mit, …")
    String licence;

    @Option(names = "--max-params", paramLabel = "SIZE", description = "at most so many parameters: 8b, 500m")
    String most;

    @Option(names = "--min-params", paramLabel = "SIZE", description = "at least so many")
    String least;

    @Option(names = "--json", description = "print JSON")
    boolean json;

    @Mixin
    ScreenOptions screen;

    /// A preset and what its configuration describes.
    record Entry(Preset preset, Architecture architecture) {
        long total() {
            return architecture.parameters().total();
        }
    }

    @Override
    public Integer call() {
        long from = least == null ? 0 : size("--min-params", least);
        long to = most == null ? Long.MAX_VALUE : size("--max-params", most);
        Screen view = screen.screen();
        List<Entry> entries = Zoo.presets().parallelStream()
                .filter(preset -> contains(preset.name(), name) && contains(preset.organisation(), organisation)
                        && (licence.isEmpty() || preset.licence().filter(text -> contains(text, licence)).isPresent()))
                .map(preset -> new Entry(preset, Architecture.of(ModelSpecs.of(preset))))
                .filter(entry -> contains(entry.architecture.spec().family(), family) && isOfClass(entry.architecture, type)
                        && entry.total() >= from && entry.total() <= to)
                .sorted(Comparator.comparing((Entry entry) -> entry.architecture.type()).thenComparing(entry -> entry.preset.name()))
                .toList();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ArrayNode list = Json.mapper().createArrayNode();
            entries.forEach(entry -> list.add(json(entry)));
            out.println(Json.object().<ObjectNode>set("presets", list).toPrettyString());
        } else if (entries.isEmpty()) {
            spec.commandLine().getErr().println("heddle: no published model fits; 'heddle zoo' alone lists all");
        } else {
            new ZooTable(entries, view).print(out);
        }
        out.flush();
        return 0;
    }

    private static boolean contains(String text, String part) {
        return text.toLowerCase(Locale.ROOT).contains(part.toLowerCase(Locale.ROOT));
    }

    private static boolean isOfClass(Architecture architecture, String part) {
        return contains(architecture.title(), part) || contains(architecture.type().id(), part)
                || architecture.map().hasExperts() && part.equalsIgnoreCase("moe");
    }

    private static long size(String option, String text) {
        try {
            return PublishedSize.parse(text).parameters();
        } catch (IllegalArgumentException e) {
            throw new UsageException(option + " must be a number of parameters such as 8b or 500m, not " + text);
        }
    }

    private static ObjectNode json(Entry entry) {
        Preset preset = entry.preset;
        ObjectNode node = ArchitectureJson.summary(entry.architecture).put("title", preset.title())
                .put("organisation", preset.organisation());
        preset.year().ifPresent(year -> node.put("year", year));
        preset.hub().ifPresent(hub -> node.put("hub", hub));
        preset.licence().ifPresent(text -> node.put("licence", text));
        preset.source().ifPresent(text -> node.put("source", text));
        preset.note().ifPresent(text -> node.put("note", text));
        return node;
    }
}
