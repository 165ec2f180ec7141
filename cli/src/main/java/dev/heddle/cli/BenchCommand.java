package dev.heddle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.zoo.ModelSpecs;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.StateTypes;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.measure.MachineLimits;
import dev.heddle.engine.measure.RandomParameters;
import dev.heddle.engine.measure.Throughput;
import dev.heddle.engine.measure.WeightTypes;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle bench`: prefill and decode speed, or that of training, beside the machine's limits.
@Command(name = "bench", mixinStandardHelpOptions = true,
        description = "Measure prefill and decode like llama-bench, and what share of this machine's limits they reach.",
        footer = {"", "Examples: heddle bench --random falcon-h1-0.5b -p 512 -n 64 -r 5",
            "          heddle bench --train examples/train-10m-hybrid.yaml --length 256 --batch 8"})
final class BenchCommand implements Callable<Integer> {
    private static final int WARM_UP_ROUNDS = 3;
    private static final long WARM_UP_NANOS = 5_000_000_000L;

    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "MODEL", arity = "0..1", defaultValue = "", description = "the model; default the bundled one")
    String model;

    @Option(names = "--random", paramLabel = "ARCHITECTURE",
            description = "fill this preset, configuration or specification file with random weights instead of loading a model")
    String random;

    @Option(names = "--type", paramLabel = "TYPE", defaultValue = "bf16",
            description = "of random weights: f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q3_K, q4_K, q5_K, q6_K or q4_K_M")
    String type;

    @Option(names = {"-p", "--n-prompt"}, paramLabel = "N", defaultValue = "512", description = "tokens of the prefill; 0 skips it")
    int prompt;

    @Option(names = {"-n", "--n-gen"}, paramLabel = "N", defaultValue = "128", description = "tokens to decode; 0 skips it")
    int generate;

    @Option(names = {"-d", "--n-depth"}, paramLabel = "N", defaultValue = "0", description = "tokens of context before decoding")
    int depth;

    @Option(names = {"-r", "--repetitions"}, paramLabel = "N", defaultValue = "5", description = "measured rounds")
    int rounds;

    @Option(names = "--warm-up", paramLabel = "N",
            description = "rounds before measuring, for Java's compiler; default 3, and more until 5 seconds are over (with --train 3)")
    Integer warmUp;

    @Option(names = "--train", description = "measure training steps of a model of this architecture with new weights instead")
    boolean train;

    @Option(names = "--length", paramLabel = "N", defaultValue = "256", description = "with --train: tokens of a sequence")
    int length;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "8", description = "with --train: sequences of a step")
    int batch;

    @Option(names = "--profile", description = "with --train: what each kernel takes of a step")
    boolean profile;

    @Option(names = "--json", description = "print JSON")
    boolean json;

    @Mixin
    StateOptions stateOptions;

    @Mixin
    BackendOptions backendOptions;

    private record Test(String name, int tokens, double[] seconds, double bytesPerToken, double flopsPerToken) {
        double mean() {
            return Arrays.stream(seconds).map(s -> tokens / s).average().orElseThrow();
        }

        double deviation() {
            double mean = mean();
            double squares = Arrays.stream(seconds).map(s -> (tokens / s - mean) * (tokens / s - mean)).sum();
            return seconds.length < 2 ? 0 : Math.sqrt(squares / (seconds.length - 1));
        }

        double median() {
            double[] rates = Arrays.stream(seconds).map(s -> tokens / s).sorted().toArray();
            return rates[rates.length / 2];
        }
    }

    @Override
    public Integer call() {
        if (prompt < 0 || generate < 0 || depth < 0 || rounds < 1 || warmUp != null && warmUp < 0) {
            throw new UsageException("-p, -n, -d and --warm-up must be 0 or more and -r at least 1");
        }
        if (random != null && !model.isEmpty()) {
            throw new UsageException("give a MODEL or --random, not both");
        }
        if (profile && !train) {
            throw new UsageException("--profile needs --train");
        }
        if (length < 1 || batch < 1) {
            throw new UsageException("--length and --batch must be at least 1");
        }
        StateTypes types = stateOptions.types();
        WeightTypes weights = WeightTypes.named(type)
                .orElseThrow(() -> new UsageException("--type must be one of " + WeightTypes.names() + ", not " + type));
        PrintWriter err = spec.commandLine().getErr();
        try (CpuBackend backend = backendOptions.open(err)) {
            if (train) {
                ModelSpec architecture = ModelSpecs.language(ModelArgument.spec(random == null ? model : random));
                new TrainingBench(architecture, backend, length, batch, warmUp == null ? WARM_UP_ROUNDS : warmUp, rounds, profile)
                        .print(spec.commandLine().getOut(), json);
            } else if (random != null) {
                ModelSpec configuration = ModelSpecs.language(ModelArgument.spec(random));
                err.println("heddle: filling " + configuration.name() + " with random " + type + " weights");
                err.flush();
                Model built = new Model(configuration, new RandomParameters(backend, weights, 1));
                try (LanguageModel language = new LanguageModel(built, backend, types)) {
                    measure(language, backend, configuration.name() + " (random " + type + ")");
                }
            } else {
                try (Checkpoint checkpoint = Checkpoint.open(ModelArgument.folder(model));
                        LanguageModel language = LanguageModel.load(checkpoint, backend, types)) {
                    measure(language, backend, checkpoint.spec().name());
                }
            }
        }
        return 0;
    }

    private void measure(LanguageModel language, CpuBackend backend, String title) {
        MachineLimits limits = MachineLimits.measure(backend.workers());
        Throughput throughput = new Throughput(language);
        double flops = Throughput.tokenFlops(language.model());
        double bytes = Throughput.decodeBytes(language.model());
        List<Test> tests = new ArrayList<>();
        if (prompt > 0) {
            warmUp(count -> throughput.prefill(prompt, count));
            tests.add(new Test("pp" + prompt, prompt, throughput.prefill(prompt, rounds), 0, flops));
        }
        if (generate > 0) {
            warmUp(count -> throughput.decode(generate, 0, count));
            tests.add(new Test("tg" + generate + (depth > 0 ? " @ d" + depth : ""), generate,
                    throughput.decode(generate, depth, rounds), bytes, 0));
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(title, language, limits, tests).toPrettyString());
        } else {
            print(out, title, language, limits, tests);
        }
        out.flush();
    }

    /// Small models decode so fast that a few rounds are over before everything is compiled.
    private void warmUp(IntConsumer rounds) {
        if (warmUp != null) {
            rounds.accept(warmUp);
            return;
        }
        long end = System.nanoTime() + WARM_UP_NANOS;
        for (int round = 0; round < WARM_UP_ROUNDS || System.nanoTime() - end < 0; round++) {
            rounds.accept(1);
        }
    }

    private static long weightBytes(LanguageModel language) {
        return language.model().parameters().values().stream().mapToLong(Tensor::bytes).sum();
    }

    /// The type that most bytes of the weights have.
    private static String weightType(LanguageModel language) {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        language.model().parameters().values().forEach(tensor -> bytes.merge(tensor.dtype(), tensor.bytes(), Long::sum));
        return bytes.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey().name().toLowerCase(Locale.ROOT);
    }

    private static void print(PrintWriter out, String title, LanguageModel language, MachineLimits limits, List<Test> tests) {
        out.println(title + ", " + Bytes.text(weightBytes(language)) + " of weights, most in " + weightType(language) + "; "
                + language.states().types() + "; " + language.backend().description());
        out.printf(Locale.ROOT, "limits of this machine: memory %.1f GB/s, f32 multiply-add %.0f GFLOP/s%n",
                limits.bytesPerSecond() / 1e9, limits.flopsPerSecond() / 1e9);
        out.printf("%-16s %22s %10s   %s%n", "test", "tokens/s", "median", "of the limit");
        for (Test test : tests) {
            boolean memory = test.bytesPerToken > 0;
            double rate = test.median() * (memory ? test.bytesPerToken : test.flopsPerToken);
            out.printf(Locale.ROOT, "%-16s %12.2f ± %7.2f %10.2f   %.1f %s, %.0f %%%n", test.name, test.mean(), test.deviation(),
                    test.median(), rate / 1e9, memory ? "GB/s" : "GFLOP/s",
                    100 * rate / (memory ? limits.bytesPerSecond() : limits.flopsPerSecond()));
        }
    }

    private static ObjectNode json(String title, LanguageModel language, MachineLimits limits, List<Test> tests) {
        ObjectNode root = Json.object().put("model", title).put("weights_type", weightType(language))
                .put("weights_bytes", weightBytes(language)).put("backend", language.backend().description())
                .put("state_types", language.states().types().toString())
                .put("bytes_per_second", limits.bytesPerSecond()).put("flops_per_second", limits.flopsPerSecond());
        ArrayNode list = root.putArray("tests");
        for (Test test : tests) {
            ObjectNode node = list.addObject().put("test", test.name).put("tokens", test.tokens)
                    .put("tokens_per_second", test.mean()).put("deviation", test.deviation()).put("median", test.median());
            boolean memory = test.bytesPerToken > 0;
            double rate = test.median() * (memory ? test.bytesPerToken : test.flopsPerToken);
            node.put(memory ? "bytes_per_second" : "flops_per_second", rate)
                    .put("share_of_limit", rate / (memory ? limits.bytesPerSecond() : limits.flopsPerSecond()));
            ArrayNode seconds = node.putArray("seconds");
            Arrays.stream(test.seconds).forEach(seconds::add);
        }
        return root;
    }
}
