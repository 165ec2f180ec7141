package dev.heddle.cli;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.gguf.export.GgufConversion;
import dev.heddle.checkpoint.gguf.export.GgufConversions;
import dev.heddle.checkpoint.quantize.FileType;
import dev.heddle.checkpoint.zoo.ModelSpecs;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.train.initialize.RandomWeights;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle quantize`: a model as a GGUF file.
@Command(name = "quantize", mixinStandardHelpOptions = true,
        description = {"Write a model as a GGUF file, with smaller weights.",
            "Models whose architecture llama.cpp knows are written so that it loads them; all others as architecture 'heddle'."},
        footer = {"", "Which tensor gets which type is written in docs/quantization.md.", "",
            "Examples: heddle quantize ./mamba-130m mamba-130m-q4_K_M.gguf --type q4_K_M",
            "          heddle quantize --random granite-4.0-h-350m granite.gguf --type q8_0"})
final class QuantizeCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "MODEL", arity = "1", index = "0", description = "the model: a folder, a hub id, a GGUF file")
    String model;

    @Parameters(paramLabel = "OUT", arity = "1", index = "1", description = "the GGUF file to write")
    Path out;

    @Option(names = "--type", required = true, paramLabel = "TYPE",
            description = "f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q3_K_S, q3_K_M, q4_K_S, q4_K_M, q5_K_S, q5_K_M or q6_K")
    String type;

    @Option(names = "--random", description = "MODEL is a preset, a configuration or a specification file; write such a model with "
            + "new random weights and without a tokenizer, to measure with")
    boolean random;

    @Option(names = "--seed", paramLabel = "N", description = "of random weights; default 1")
    Optional<Long> seed = Optional.empty();

    @Mixin
    BackendOptions backendOptions;

    @Override
    public Integer call() {
        FileType file = FileType.named(type).orElseThrow(() -> new UsageException("--type must be one of "
                + Arrays.stream(FileType.values()).map(FileType::label).collect(Collectors.joining(", ")) + ", not " + type));
        if (seed.isPresent() && !random) {
            throw new UsageException("--seed needs --random");
        }
        OutputFile.require(out);
        if (random) {
            ModelSpec architecture = ModelSpecs.language(ModelArgument.spec(model));
            RandomWeights weights = new RandomWeights(architecture, seed.orElse(1L));
            try (CpuBackend backend = backendOptions.open(spec.commandLine().getErr())) {
                write(GgufConversions.of(architecture, weights::tensor, file), backend);
            }
            return 0;
        }
        Path source = ModelArgument.folder(model);
        if (isSame(source, out)) {
            throw new UsageException(out + " is the model itself; name another file to write");
        }
        PrintWriter err = spec.commandLine().getErr();
        try (CpuBackend backend = backendOptions.open(err)) {
            if (Files.isRegularFile(source) && GgufFile.isNamed(source)) {
                try (GgufFile gguf = GgufFile.open(source)) {
                    if (GgufConversions.isQuantized(gguf)) {
                        err.println("heddle: " + source + " is quantized already; quantizing the original model loses less");
                    }
                    write(GgufConversions.of(gguf, file), backend);
                }
            } else {
                try (Checkpoint checkpoint = Checkpoint.open(source)) {
                    write(GgufConversions.of(checkpoint, file), backend);
                }
            }
        }
        return 0;
    }

    private void write(GgufConversion conversion, CpuBackend backend) {
        PrintWriter err = spec.commandLine().getErr();
        conversion.remarks().forEach(text -> err.println("heddle: " + text));
        err.flush();
        long start = System.nanoTime();
        try (ProgressLine line = new ProgressLine(err)) {
            conversion.write(out, backend.workers(), (tensor, done, total) -> line.bytes(tensor, done, total,
                    done / ((System.nanoTime() - start) / 1e9)));
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        spec.commandLine().getOut().printf(Locale.ROOT, "%s: %s, %s; %s, %.1f s%n", out, conversion.architecture(),
                kinds(conversion), Bytes.text(size()), seconds);
    }

    private long size() {
        try {
            return Files.size(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// `60 tensors Q4_K, 12 Q6_K, 49 F32`.
    private static String kinds(GgufConversion conversion) {
        Map<DType, Integer> counts = new EnumMap<>(DType.class);
        conversion.types().values().forEach(type -> counts.merge(type, 1, Integer::sum));
        return counts.entrySet().stream().sorted(Map.Entry.<DType, Integer>comparingByValue().reversed())
                .map(entry -> entry.getValue() + " " + entry.getKey()).collect(Collectors.joining(", ", "", " tensors"));
    }

    private static boolean isSame(Path a, Path b) {
        try {
            return Files.exists(b) && Files.isSameFile(a, b);
        } catch (IOException e) {
            return false;
        }
    }
}
