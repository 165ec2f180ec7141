package dev.heddle.cli;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.checkpoint.text.Nearest;
import dev.heddle.train.convert.HybridCheckpoint;
import dev.heddle.train.convert.HybridConversion;
import dev.heddle.train.convert.RecurrentMixer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle convert`: a transformer becomes a hybrid, ready to be trained or distilled.
@Command(name = "convert", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Replace attention layers of a transformer by recurrent mixers that begin with attention's weights. "
                + "Everything else is kept to the bit. The result is a checkpoint to train or distil ('heddle train').",
        footer = {"", "Letters of PATTERN: M a recurrent mixer, A the layer's own attention; *4 repeats the letter or the",
            "parentheses before it, * at the end repeats the pattern over all layers. Or numbers: the layers that keep attention.", "",
            "Examples:", "  heddle convert ./smollm-135m ./hybrid --to-hybrid \"MMMA*\"",
            "  heddle convert ./qwen3-0.6b ./hybrid --to-hybrid 6,13,20,27 --mixer gated-delta",
            "  heddle convert ./transformer ./hybrid --to-hybrid \"(MMA)*8\" --mixers-from ./mamba2"})
final class ConvertCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(index = "0", paramLabel = "MODEL", description = "the transformer: a folder or hub id")
    String model;

    @Parameters(index = "1", paramLabel = "OUT", description = "new folder for the hybrid")
    Path output;

    @Option(names = "--to-hybrid", paramLabel = "PATTERN", required = true, description = "which layers change")
    String pattern;

    @Option(names = "--mixer", paramLabel = "NAME", description = "mamba2 (default), mamba1, rglru, gated-delta, linear-attention or rwkv7")
    Optional<String> mixer = Optional.empty();

    @Option(names = "--mixers-from", paramLabel = "MODEL", description = "a recurrent checkpoint of the same width whose mixers to take instead")
    Optional<String> mixersFrom = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "of what is drawn; default 1")
    long seed;

    @Override
    public Integer call() {
        if (mixer.isPresent() && mixersFrom.isPresent()) {
            throw new UsageException("--mixer and --mixers-from exclude each other: the checkpoint says what its mixers are");
        }
        RecurrentMixer chosen = mixer.map(ConvertCommand::mixer).orElse(RecurrentMixer.MAMBA2);
        HybridCheckpoint.require(output);
        try (Checkpoint transformer = Checkpoint.open(ModelArgument.folder(model))) {
            transformer.requireFolder();
            if (mixersFrom.isEmpty()) {
                write(transformer, HybridConversion.of(transformer, pattern, chosen, seed));
                return 0;
            }
            try (Checkpoint donor = Checkpoint.open(ModelArgument.folder(mixersFrom.get()))) {
                write(transformer, HybridConversion.of(transformer, pattern, donor, seed));
            }
        }
        return 0;
    }

    private static RecurrentMixer mixer(String name) {
        List<String> names = Arrays.stream(RecurrentMixer.values()).map(RecurrentMixer::text).toList();
        return Arrays.stream(RecurrentMixer.values()).filter(mixer -> mixer.text().equals(name)).findFirst().orElseThrow(() ->
                new UsageException("--mixer must be one of " + String.join(", ", names) + ", not " + name + Nearest.hint(name, names)));
    }

    private void write(Checkpoint transformer, HybridConversion hybrid) {
        HybridCheckpoint.write(transformer, hybrid, output);
        PrintWriter out = spec.commandLine().getOut();
        HybridConversion.Summary summary = hybrid.summary();
        out.println(output + "  " + hybrid.letters() + ": " + hybrid.recurrent().size() + " of " + hybrid.spec().blocks().size() + " layers"
                + hybrid.mixer().map(mixer -> " get " + SpecFile.line(mixer)).orElse(" change"));
        line(out, "kept", summary.kept(), "embedding, norms, MLPs, head" + (hybrid.recurrent().size() < hybrid.spec().blocks().size() ? ", attention" : ""));
        line(out, "mapped", summary.inherited(), String.join("; ", summary.from()));
        line(out, "taken", summary.donated(), mixersFrom.map(from -> "the mixers of " + from).orElse(""));
        line(out, "drawn", summary.drawn(), String.join(", ", summary.newNames()));
        if (!summary.leftBehind().isEmpty()) {
            out.println("  left behind  " + String.join(", ", summary.leftBehind()));
        }
    }

    private static void line(PrintWriter out, String what, HybridConversion.Count count, String which) {
        if (count.tensors() > 0) {
            out.printf("  %-7s %4d tensors, %s parameters  %s%n", what, count.tensors(), Counts.text(count.elements()), which);
        }
    }
}
