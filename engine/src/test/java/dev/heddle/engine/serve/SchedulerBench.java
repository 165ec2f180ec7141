package dev.heddle.engine.serve;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.zoo.ModelSpecs;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.model.Model;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.measure.RandomParameters;
import dev.heddle.engine.sampling.SamplingOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/// A program that measures the scheduler on a checkpoint, or on a preset with random weights.
///
/// `streams MODEL PROMPT TOKENS N…`: total speed and time to the first token of N generations at a time.
/// `stream MODEL TOKENS`: memory of one answer of so many tokens, ten times on its way.
/// `turns MODEL TOKENS`: time to the first token of a conversation's first and second turn.
final class SchedulerBench {
    private SchedulerBench() {
    }

    public static void main(String[] args) throws InterruptedException {
        try (Backend backend = CpuBackend.best(); LanguageModel model = load(args[1], backend)) {
            switch (args[0]) {
                case "streams" -> streams(model, Integer.parseInt(args[2]), Integer.parseInt(args[3]),
                        Arrays.stream(args).skip(4).mapToInt(Integer::parseInt).toArray());
                case "stream" -> stream(model, Integer.parseInt(args[2]));
                case "turns" -> turns(model, Integer.parseInt(args[2]));
                default -> throw new IllegalArgumentException(args[0]);
            }
        }
    }

    private static LanguageModel load(String name, Backend backend) {
        if (Zoo.contains(name)) {
            ModelSpec spec = (ModelSpec) ModelSpecs.of(Zoo.get(name));
            return new LanguageModel(new Model(spec, new RandomParameters(backend, DType.BF16, 1)), backend);
        }
        return LanguageModel.load(Checkpoint.open(Path.of(name)), backend);
    }

    private static SchedulerOptions options(int parallel) {
        return SchedulerOptions.DEFAULT.withParallel(parallel).withContext(32_768).withMemoryBytes(6L << 30);
    }

    private static void streams(LanguageModel model, int prompt, int tokens, int[] counts) throws InterruptedException {
        run(model, prompt, tokens, 2);
        for (int count : counts) {
            run(model, prompt, tokens, count);
        }
    }

    private static void run(LanguageModel model, int prompt, int tokens, int count) throws InterruptedException {
        try (Scheduler scheduler = new Scheduler(model, options(count).withCacheBytes(0))) {
            List<Generation> generations = new ArrayList<>();
            long start = System.nanoTime();
            for (int i = 0; i < count; i++) {
                generations.add(scheduler.submit(GenerationRequest.of(SchedulerTest.prompt(model, prompt, i)).withMaxTokens(tokens)
                        .withSampling(SamplingOptions.DEFAULT, i)));
            }
            for (Generation generation : generations) {
                generation.await();
            }
            double seconds = (System.nanoTime() - start) * 1e-9;
            SchedulerCounters counters = scheduler.counters();
            double first = generations.stream().mapToDouble(one -> one.timings().queued() + one.timings().prefill()).average().orElse(0);
            System.out.println(String.format(Locale.ROOT, "%3d streams  %8.1f tok/s in all  decode %8.1f tok/s  prefill %8.1f tok/s"
                    + "  first token %7.3f s  sampling %4.1f %%", count, counters.generatedTokens() / seconds,
                    generations.stream().mapToDouble(one -> (tokens - 1) / one.timings().decode()).sum(), counters.prefillTokens() / counters.prefillSeconds(), first,
                    100 * counters.samplingSeconds() / (counters.decodeSeconds() + counters.prefillSeconds() + counters.samplingSeconds())));
        }
    }

    private static void stream(LanguageModel model, int tokens) throws InterruptedException {
        try (Scheduler scheduler = new Scheduler(model, options(1).withCacheBytes(0).withContext(0));
                Generation generation = scheduler.submit(GenerationRequest.of(new int[] {1}).withSampling(SamplingOptions.DEFAULT, 1))) {
            Runtime runtime = Runtime.getRuntime();
            for (int i = 1; i <= tokens; i++) {
                if (generation.next().isEmpty()) {
                    throw new IllegalStateException("ended after " + i + " tokens: " + generation.finish());
                }
                if (i % (tokens / 10) == 0) {
                    runtime.gc();
                    System.out.println(String.format(Locale.ROOT, "%9d tokens  %.0f s  state %d bytes  scratch %d bytes  heap %.1f MiB", i,
                            generation.timings().decode(), scheduler.counters().stateBytes(), model.scratchBytes(),
                            (runtime.totalMemory() - runtime.freeMemory()) / 1048576.0));
                }
            }
        }
    }

    private static void turns(LanguageModel model, int tokens) throws InterruptedException {
        run(model, 300, 20, 1);
        try (Scheduler scheduler = new Scheduler(model, options(1))) {
            int[] first = SchedulerTest.prompt(model, tokens, 1);
            Generation one = scheduler.submit(GenerationRequest.of(first).withMaxTokens(50));
            int[] answer = one.rest();
            int[] second = IntStream.concat(IntStream.concat(Arrays.stream(first), Arrays.stream(answer)),
                    Arrays.stream(SchedulerTest.prompt(model, 30, 2))).toArray();
            Generation two = scheduler.submit(GenerationRequest.of(second).withMaxTokens(50));
            two.rest();
            System.out.println(String.format(Locale.ROOT, "first turn of %d tokens: first token after %.3f s; second: %.3f s, %d tokens from"
                    + " the cache; %.1f times faster; cache %.1f MiB, state %.1f MiB", tokens, one.timings().prefill(),
                    two.timings().prefill(), two.usage().cached(), one.timings().prefill() / two.timings().prefill(),
                    scheduler.counters().cacheBytes() / 1048576.0, model.states().recurrentBytes() / 1048576.0));
        }
    }
}
