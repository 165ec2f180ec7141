package dev.heddle.cli;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.LanguageModel;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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

/// `heddle logits`: the logits of given tokens, for people who compare implementations.
@Command(name = "logits", mixinStandardHelpOptions = true,
        description = "Write the logits of token sequences and print their mean next-token cross-entropy.",
        footer = {"", "Example: heddle logits ./mamba-130m --tokens ids.json --output logits.safetensors"})
final class LogitsCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "MODEL", arity = "0..1", defaultValue = "", description = "the model; default the bundled one")
    String model;

    @ArgGroup(multiplicity = "1")
    InputFile input;

    @Option(names = {"--output", "-o"}, required = true, paramLabel = "FILE",
            description = "safetensors file to write: logits.0, logits.1, … f32 [length, vocabulary]; logits [images, classes] of --pixels")
    Path output;

    @Option(names = "--decode-from", paramLabel = "N",
            description = "feed the first N tokens as prefill and the rest one by one")
    Integer decodeFrom;

    @Option(names = "--together", description = "run all sequences in one ragged batch")
    boolean together;

    @Mixin
    StateOptions stateOptions;

    @Mixin
    BackendOptions backendOptions;

    @Override
    public Integer call() {
        OutputFile.require(output);
        if (decodeFrom != null && decodeFrom < 0) {
            throw new UsageException("--decode-from must be 0 or more, not " + decodeFrom);
        }
        PrintWriter err = spec.commandLine().getErr();
        if (input.pixels.isPresent()) {
            if (decodeFrom != null || together) {
                throw new UsageException("--decode-from and --together are for tokens, not for --pixels");
            }
            try (Backend backend = backendOptions.open(err)) {
                ImageComparison.logits(ModelArgument.folder(model), input.pixels.get(), output, backend, spec.commandLine().getOut());
            }
            return 0;
        }
        Path tokens = input.tokens.orElseThrow();
        List<int[]> sequences = TokenFile.read(tokens);
        try (Checkpoint checkpoint = Checkpoint.open(ModelArgument.folder(model)); Backend backend = backendOptions.open(err);
                LanguageModel language = LanguageModel.load(checkpoint, backend, stateOptions.types())) {
            int vocabulary = language.spec().vocabulary();
            TokenFile.check(tokens, sequences, vocabulary);
            List<float[]> logits = together ? feed(language, sequences)
                    : sequences.stream().map(ids -> feed(language, List.of(ids)).getFirst()).toList();
            write(logits, vocabulary);
            int predictions = sequences.stream().mapToInt(ids -> ids.length - 1).sum();
            PrintWriter out = spec.commandLine().getOut();
            if (predictions == 0) {
                out.println("no predictions: every sequence has one token");
            } else {
                out.printf(Locale.ROOT, "cross-entropy %.6f nats over %d predictions%n", loss(sequences, logits, vocabulary), predictions);
            }
        }
        return 0;
    }

    /// Logits of all rows of each sequence, fed in one batch.
    private List<float[]> feed(LanguageModel language, List<int[]> sequences) {
        List<SequenceState> states = sequences.stream().map(_ -> language.open()).toList();
        List<float[]> logits = new ArrayList<>();
        for (int[] ids : sequences) {
            logits.add(new float[ids.length * language.spec().vocabulary()]);
        }
        int longest = sequences.stream().mapToInt(ids -> ids.length).max().orElse(0);
        int prefill = decodeFrom == null ? longest : Math.min(decodeFrom, longest);
        step(language, states, sequences, logits, 0, prefill);
        for (int t = prefill; t < longest; t++) {
            step(language, states, sequences, logits, t, t + 1);
        }
        states.forEach(SequenceState::close);
        return logits;
    }

    private static void step(LanguageModel language, List<SequenceState> states, List<int[]> sequences, List<float[]> logits,
            int from, int to) {
        List<SequenceState> active = new ArrayList<>();
        List<int[]> pieces = new ArrayList<>();
        List<Integer> which = new ArrayList<>();
        for (int s = 0; s < sequences.size(); s++) {
            int end = Math.min(to, sequences.get(s).length);
            if (end > from) {
                active.add(states.get(s));
                pieces.add(Arrays.copyOfRange(sequences.get(s), from, end));
                which.add(s);
            }
        }
        if (active.isEmpty()) {
            return;
        }
        float[] rows = language.allLogits(active, pieces);
        int vocabulary = language.spec().vocabulary();
        int at = 0;
        for (int i = 0; i < active.size(); i++) {
            int count = pieces.get(i).length * vocabulary;
            System.arraycopy(rows, at, logits.get(which.get(i)), from * vocabulary, count);
            at += count;
        }
    }

    private void write(List<float[]> logits, int vocabulary) {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (int s = 0; s < logits.size(); s++) {
                tensors.put("logits." + s, Tensor.of(arena, logits.get(s), logits.get(s).length / vocabulary, vocabulary));
            }
            SafetensorsWriter.write(output, tensors, Map.of());
        }
    }

    /// Mean over all next-token predictions, in nats.
    static double loss(List<int[]> sequences, List<float[]> logits, int vocabulary) {
        double sum = 0;
        long count = 0;
        for (int s = 0; s < sequences.size(); s++) {
            int[] ids = sequences.get(s);
            for (int t = 0; t + 1 < ids.length; t++) {
                sum += crossEntropy(logits.get(s), t * vocabulary, vocabulary, ids[t + 1]);
                count++;
            }
        }
        return sum / count;
    }

    static double crossEntropy(float[] logits, int from, int vocabulary, int target) {
        double max = Double.NEGATIVE_INFINITY;
        for (int v = 0; v < vocabulary; v++) {
            max = Math.max(max, logits[from + v]);
        }
        double sum = 0;
        for (int v = 0; v < vocabulary; v++) {
            sum += Math.exp(logits[from + v] - max);
        }
        return max + Math.log(sum) - logits[from + target];
    }
}
