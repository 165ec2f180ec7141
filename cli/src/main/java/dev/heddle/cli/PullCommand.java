package dev.heddle.cli;

import dev.heddle.checkpoint.hub.Hub;
import dev.heddle.checkpoint.hub.Progress;
import dev.heddle.checkpoint.hub.Selection;
import dev.heddle.checkpoint.zoo.Zoo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle pull`: downloads a model from the hub.
@Command(name = "pull", mixinStandardHelpOptions = true,
        description = {"Download a model from the Hugging Face hub into the cache that the Python libraries share.",
            "HF_ENDPOINT, HF_TOKEN, HF_HOME and HF_HUB_OFFLINE are respected; a broken download goes on where it stopped."},
        footer = {"", "Prints the folder the model is in, or its GGUF file.", "", "Example: heddle pull state-spaces/mamba-130m-hf"})
final class PullCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "OWNER/NAME", arity = "1", description = "the model's id on the hub, with :TYPE (Q4_K_M) for one of several GGUF files, or a preset with an id")
    String id;

    @Option(names = "--revision", paramLabel = "REV", defaultValue = Hub.MAIN, description = "branch, tag or commit; default ${DEFAULT-VALUE}")
    String revision;

    @Option(names = "--file", paramLabel = "PATH", description = "download this file of the repository (repeatable) instead of choosing")
    List<String> files = new ArrayList<>();

    @Option(names = "--no-weights", description = "configuration and tokenizer only")
    boolean noWeights;

    @Override
    public Integer call() {
        String repository = !ModelArgument.isHubId(id) && Zoo.contains(id)
                ? Zoo.get(id).hub().orElseThrow(() -> new UsageException("preset " + id + " has no known id on the hub"))
                : id;
        if (!ModelArgument.isHubId(repository)) {
            throw new UsageException(id + " is no hub id; expected owner/name");
        }
        if (ModelArgument.ggufType(repository).isPresent() && (noWeights || !files.isEmpty())) {
            throw new UsageException("give a type with the id, or --file or --no-weights, not both");
        }
        try (Hub hub = Hub.fromEnvironment(); ProgressLine line = new ProgressLine(spec.commandLine().getErr())) {
            Consumer<Progress> listener = listener(line);
            Optional<String> type = ModelArgument.ggufType(repository);
            Path folder = type.isPresent() ? hub.pullGguf(ModelArgument.repository(repository), revision, type.get(), listener)
                    : files.isEmpty() ? hub.pull(repository, revision, noWeights ? Selection.DESCRIPTION : Selection.MODEL, listener)
                    : hub.pull(repository, revision, files, listener);
            line.close();
            spec.commandLine().getOut().println(folder);
        }
        return 0;
    }

    static Consumer<Progress> listener(ProgressLine line) {
        return progress -> line.bytes(progress.file(), progress.bytes(), progress.total(), progress.bytesPerSecond());
    }
}
