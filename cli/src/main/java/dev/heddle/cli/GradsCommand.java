package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.model.Differentiation;
import dev.heddle.core.model.Model;
import dev.heddle.core.pass.Training;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle grads`: the gradient of the next-token loss, under the checkpoint's own names.
@Command(name = "grads", mixinStandardHelpOptions = true,
        description = "Write the gradient of the next-token loss towards every parameter, and print loss and gradient norm.",
        footer = {"", "Example: heddle grads ./mamba-130m --tokens ids.json --output grads.safetensors"})
final class GradsCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "MODEL", arity = "0..1", defaultValue = "", description = "the model; default the bundled one")
    String model;

    @ArgGroup(multiplicity = "1")
    InputFile input;

    @Option(names = {"--output", "-o"}, required = true, paramLabel = "FILE", description = "safetensors file to write")
    Path output;

    @Option(names = "--recompute", description = "keep only each block's input for the backward and run the block once more: "
            + "the same gradients in less memory")
    boolean recompute;

    @Mixin
    BackendOptions backendOptions;

    @Override
    public Integer call() {
        OutputFile.require(output);
        if (input.pixels.isPresent()) {
            try (Backend backend = backendOptions.open(spec.commandLine().getErr())) {
                ImageComparison.gradients(ModelArgument.folder(model), input.pixels.get(), output, backend, spec.commandLine().getOut());
            }
            return 0;
        }
        Path tokens = input.tokens.orElseThrow();
        List<int[]> sequences = TokenFile.read(tokens);
        try (Checkpoint checkpoint = Checkpoint.open(ModelArgument.folder(model));
                Backend backend = backendOptions.open(spec.commandLine().getErr())) {
            Model built = checkpoint.model();
            TokenFile.check(tokens, sequences, built.spec().vocabulary());
            if (sequences.stream().allMatch(ids -> ids.length < 2)) {
                throw new CheckpointException(tokens + ": a loss needs a sequence of at least two tokens");
            }
            try (Differentiation run = new Differentiation(built, backend, sequences, Training.recomputing(recompute)); Arena arena = Arena.ofConfined()) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                double squares = 0;
                for (Map.Entry<String, float[]> entry : checkpoint.gradients(run::gradient).entrySet()) {
                    tensors.put(entry.getKey(), Tensor.of(arena, entry.getValue(),
                            checkpoint.weights().tensor(entry.getKey()).shape()));
                    for (float g : entry.getValue()) {
                        squares += (double) g * g;
                    }
                }
                SafetensorsWriter.write(output, tensors, Map.of());
                spec.commandLine().getOut().printf(Locale.ROOT, "loss %.6f nats, gradient norm %.6f%n", run.loss(), Math.sqrt(squares));
            }
        }
        return 0;
    }
}
