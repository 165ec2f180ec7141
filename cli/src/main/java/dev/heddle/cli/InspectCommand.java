package dev.heddle.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.spec.ArchitectureJson;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.checkpoint.zoo.Preset;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.spec.ArchitectureSpec;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle inspect`: what a model's architecture is and what it costs.
@Command(name = "inspect", mixinStandardHelpOptions = true,
        description = "Show an architecture: its class, a map of its layers, parameters and memory. No weights are read.",
        footer = {"", "MODEL may also be a bare configuration (*.json) or a specification file (*.yaml, *.json);",
            "of a GGUF file, types of tensors and metadata are shown, too.", "",
            "Example: heddle inspect jamba-v0.1"})
final class InspectCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "MODEL", arity = "0..1", defaultValue = "",
            description = "folder, hub id, preset (see 'heddle zoo'), configuration or specification file; default the bundled model")
    String model;

    @Option(names = "--json", description = "print everything as JSON")
    boolean json;

    @Option(names = "--yaml", description = "print the architecture as a specification file, to change and use as a MODEL")
    boolean yaml;

    @Mixin
    StateOptions stateOptions;

    @Mixin
    ScreenOptions screen;

    @Override
    public Integer call() {
        if (json && yaml) {
            throw new UsageException("give --json or --yaml, not both");
        }
        ArchitectureSpec architecture = ModelArgument.spec(model);
        PrintWriter out = spec.commandLine().getOut();
        Optional<GgufFile> gguf = ModelArgument.gguf(model);
        if (yaml) {
            out.print(SpecFile.yaml(architecture));
        } else if (json) {
            ObjectNode node = ArchitectureJson.of(described(architecture));
            gguf.ifPresent(file -> node.set("gguf", new GgufReport(file).json()));
            out.println(node.toPrettyString());
        } else {
            new ArchitectureReport(described(architecture), ModelArgument.preset(model).flatMap(Preset::note), screen.screen(), out).print();
            gguf.ifPresent(file -> new GgufReport(file).print(screen.screen(), out));
        }
        gguf.ifPresent(GgufFile::close);
        out.flush();
        return 0;
    }

    /// With memory in the types asked for, or those that papers count in.
    private Architecture described(ArchitectureSpec architecture) {
        return Architecture.of(architecture).with(stateOptions.types(Architecture.USUAL));
    }
}
