package dev.heddle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.engine.measure.MachineLimits;
import dev.heddle.train.measure.KernelTime;
import dev.heddle.train.measure.TrainingThroughput;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// `heddle bench --train`: whole training steps, and what share of the machine's multiply-adds they reach.
final class TrainingBench {
    private final String title;
    private final String backend;
    private final double limit;
    private final long parameters;
    private final int length;
    private final int batch;
    private final double[] seconds;
    private final List<KernelTime> kernels;

    private final boolean profile;

    /// Measures.
    TrainingBench(ModelSpec spec, CpuBackend backend, int length, int batch, int warmUp, int rounds, boolean profile) {
        this.profile = profile;
        title = spec.name();
        this.backend = backend.description();
        this.length = length;
        this.batch = batch;
        try (TrainingThroughput throughput = new TrainingThroughput(spec, backend, length, batch)) {
            parameters = throughput.parameters();
            throughput.steps(warmUp);
            limit = MachineLimits.flopsPerSecond(backend.workers());
            seconds = throughput.steps(rounds);
            kernels = throughput.profile(profile ? rounds : 1);
        }
    }

    private double median() {
        double[] sorted = seconds.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private double flops() {
        return kernels.stream().mapToDouble(KernelTime::flops).sum();
    }

    private double share() {
        return flops() / median() / limit;
    }

    void print(PrintWriter out, boolean json) {
        if (json) {
            out.println(json().toPrettyString());
        } else {
            text(out);
        }
        out.flush();
    }

    private void text(PrintWriter out) {
        double median = median();
        out.println(title + ", " + Counts.text(parameters) + " parameters in f32; " + backend);
        out.printf(Locale.ROOT, "limit of this machine: f32 multiply-add %.0f GFLOP/s%n", limit / 1e9);
        out.printf(Locale.ROOT, "training steps of %d × %d tokens (forward, backward, AdamW), median of %d: %.3f s (%.3f to %.3f)%n", batch,
                length, seconds.length, median, Arrays.stream(seconds).min().orElseThrow(), Arrays.stream(seconds).max().orElseThrow());
        out.printf(Locale.ROOT, "%.0f tokens/s, %.1f GFLOP/s, %.0f %% of the limit%n", batch * length / median, flops() / median / 1e9, 100 * share());
        out.printf(Locale.ROOT, "counted: %.1f MFLOP a token, the equations of matrix products, attention, convolutions and recurrences,"
                + " forward and backward, nothing recomputed%n", flops() / (batch * length) / 1e6);
        if (profile) {
            double all = kernels.stream().mapToDouble(KernelTime::seconds).sum();
            out.printf(Locale.ROOT, "%n%-36s %7s %10s %8s %10s%n", "kernel", "calls", "ms", "of all", "GFLOP/s");
            for (KernelTime kernel : kernels) {
                out.printf(Locale.ROOT, "%-36s %7d %10.2f %6.1f %% %10s%n", kernel.name(), kernel.calls(), 1e3 * kernel.seconds(),
                        100 * kernel.seconds() / all,
                        kernel.flops() == 0 ? "" : String.format(Locale.ROOT, "%.1f", kernel.flops() / kernel.seconds() / 1e9));
            }
        }
    }

    private ObjectNode json() {
        ObjectNode root = Json.object().put("model", title).put("parameters", parameters).put("backend", backend).put("length", length)
                .put("batch", batch).put("limit_flops_per_second", limit).put("flops_per_token", flops() / (batch * length))
                .put("median_seconds", median()).put("tokens_per_second", batch * length / median())
                .put("flops_per_second", flops() / median()).put("share_of_limit", share());
        ArrayNode list = root.putArray("seconds");
        Arrays.stream(seconds).forEach(list::add);
        if (profile) {
            ArrayNode nodes = root.putArray("kernels");
            kernels.forEach(kernel -> nodes.addObject().put("kernel", kernel.name()).put("calls", kernel.calls())
                    .put("seconds", kernel.seconds()).put("flops", kernel.flops()));
        }
        return root;
    }
}
