package dev.heddle.core.kernel;

import dev.heddle.core.kernel.vector.Lanes;
import dev.heddle.core.kernel.vector.VectorKernels;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/// Times one layer's recurrence at the shapes of published models, for a prefill of 512 rows, a decode step of one
/// and of eight sequences, and a backward, beside the matrix products of the same layer.
///
/// Decode steps walk over the states of all layers of the model, so that a state is as far away in memory as it is
/// between two tokens.
///
/// Arguments: threads, then names of recurrences, all of them if none is given.
public final class RecurrenceBench {
    private static final int ROWS = 512;

    /// A recurrence over the rows of `segments`, on the state of layer `layer`.
    private interface Layer {
        void run(Segments segments, int layer);
    }

    private final Workers workers;
    private final Kernels kernels;
    private final Arena arena = Arena.ofAuto();
    private final Random random = new Random(3);

    private RecurrenceBench(Workers workers) {
        this.workers = workers;
        kernels = VectorKernels.create(workers, false);
    }

    public static void main(String[] arguments) {
        int threads = arguments.length == 0 ? 2 : Integer.parseInt(arguments[0]);
        String[] names = arguments.length < 2 ? new String[] {"ssd", "scan", "wkv6", "wkv7", "delta", "retention"} : Arrays.copyOfRange(arguments, 1, arguments.length);
        try (Workers workers = new Workers(threads)) {
            RecurrenceBench bench = new RecurrenceBench(workers);
            System.out.printf("%d threads, %d bits%n", threads, Lanes.COUNT * 32);
            for (String name : names) {
                switch (name) {
                    case "ssd" -> bench.stateSpaceDual("Falcon-H1-0.5B", 24, 64, 1, 128, 128, 36, 1024, 1024 * 2048 * 3L + 1024 * 1280L);
                    case "ssd8" -> bench.stateSpaceDual("Nemotron-H-8B", 128, 64, 8, 128, 128, 4, 4096, 0);
                    case "wkv6" -> bench.matrixWkv();
                    case "wkv7" -> bench.deltaWkv();
                    case "delta" -> bench.gatedDeltaRule();
                    case "retention" -> bench.retention();
                    case "scan" -> bench.selectiveScan();
                    default -> throw new IllegalArgumentException("unknown recurrence " + name);
                }
            }
        }
    }

    private void stateSpaceDual(String name, int heads, int headDim, int groups, int n, int chunk, int layers, int width,
            long otherWeights) {
        StateSpaceDual.Shape shape = new StateSpaceDual.Shape(heads, headDim, groups, n, chunk, 0, Float.POSITIVE_INFINITY);
        int inner = heads * headDim;
        Tensor xbc = tensor(-1, 1, ROWS, inner + 2L * groups * n);
        Tensor x = xbc.columnRange(0, inner);
        Tensor b = xbc.columnRange(inner, inner + (long) groups * n);
        Tensor c = xbc.columnRange(inner + (long) groups * n, inner + 2L * groups * n);
        Tensor dt = tensor(-4, 1, ROWS, heads);
        Tensor dtBias = tensor(-4, 0, heads);
        Tensor a = tensor(-16, -1, heads);
        Tensor d = tensor(-1, 1, heads);
        Tensor y = tensor(0, 0, ROWS, inner);
        Tensor[] states = states(layers, heads * n * headDim);
        Layer layer = (segments, l) -> {
            int rows = segments.rows();
            kernels.stateSpaceDual().forward(shape, y.rowRange(0, rows), x.rowRange(0, rows), dt.rowRange(0, rows),
                    Optional.of(dtBias), a, b.rowRange(0, rows), c.rowRange(0, rows), Optional.of(d), states[l], segments);
        };
        long weights = (long) width * (2L * inner + 2L * groups * n + heads + inner) + otherWeights;
        report("state-space dual, " + name, layer, layers, heads * n * headDim, weights, width);
        if (!Boolean.getBoolean("forward")) {
            StateSpaceDual kernel = kernels.stateSpaceDual();
            StateSpaceDual.Gradients gradients = new StateSpaceDual.Gradients(zeros(x), zeros(dt), Optional.of(zeros(dtBias)), zeros(a),
                    zeros(b), zeros(c), Optional.of(zeros(d)));
            Segments one = segments(1, ROWS);
            double seconds = time(() -> kernel.backward(shape, gradients, y, x, dt, Optional.of(dtBias), a, b, c, Optional.of(d),
                    states[0], one));
            System.out.printf("  backward of %d rows %8.3f ms%n", ROWS, seconds * 1e3);
        }
    }

    private void selectiveScan() {
        int inner = 1536;
        int n = 16;
        int width = 768;
        int layers = 24;
        Tensor x = tensor(-1, 1, ROWS, inner);
        Tensor dt = tensor(-4, 1, ROWS, inner);
        Tensor dtBias = tensor(-4, 0, inner);
        Tensor a = tensor(-16, -1, n, inner);
        Tensor b = tensor(-1, 1, ROWS, n);
        Tensor c = tensor(-1, 1, ROWS, n);
        Tensor d = tensor(-1, 1, inner);
        Tensor y = tensor(0, 0, ROWS, inner);
        Tensor[] states = states(layers, inner * n);
        Layer layer = (segments, l) -> {
            int rows = segments.rows();
            kernels.selectiveScan().forward(y.rowRange(0, rows), x.rowRange(0, rows), dt.rowRange(0, rows), Optional.of(dtBias), a,
                    b.rowRange(0, rows), c.rowRange(0, rows), Optional.of(d), states[l], segments);
        };
        report("selective scan, mamba-130m", layer, layers, inner * n, (long) width * inner * 3 + inner * 80L + 48L * inner, width);
        if (Boolean.getBoolean("forward")) {
            return;
        }
        SelectiveScan.Gradients gradients = new SelectiveScan.Gradients(zeros(x), zeros(dt), Optional.of(zeros(dtBias)), zeros(a),
                zeros(b), zeros(c), Optional.of(zeros(d)));
        Segments one = segments(1, ROWS);
        double seconds = time(() -> kernels.selectiveScan().backward(gradients, y, x, dt, Optional.of(dtBias), a, b, c,
                Optional.of(d), states[0], one));
        System.out.printf("  backward of %d rows %8.3f ms%n", ROWS, seconds * 1e3);
    }

    private void matrixWkv() {
        int inner = 768;
        MatrixWkv.Shape shape = new MatrixWkv.Shape(12, 64, 64);
        Tensor in = tensor(-1, 1, ROWS, inner);
        Tensor decay = tensor(-3, -0.01f, ROWS, inner);
        Tensor bonus = tensor(-1, 1, inner);
        Tensor y = tensor(0, 0, ROWS, inner);
        Tensor[] states = states(12, shape.stateElements());
        report("RWKV-6, 0.1B", (segments, l) -> {
            Tensor rows = in.rowRange(0, segments.rows());
            kernels.matrixWkv().forward(shape, y.rowRange(0, segments.rows()), rows, rows, rows, decay.rowRange(0, segments.rows()), bonus,
                    states[l], segments);
        }, 12, shape.stateElements(), 5L * inner * inner + 8L * inner * inner, inner);
    }

    private void deltaWkv() {
        int inner = 768;
        DeltaWkv.Shape shape = new DeltaWkv.Shape(12, 64, 64);
        Tensor in = tensor(-0.1f, 0.1f, ROWS, inner);
        Tensor decay = tensor(-0.6f, -0.01f, ROWS, inner);
        Tensor y = tensor(0, 0, ROWS, inner);
        Tensor[] states = states(12, shape.stateElements());
        report("RWKV-7, 0.1B", (segments, l) -> {
            Tensor rows = in.rowRange(0, segments.rows());
            kernels.deltaWkv().forward(shape, y.rowRange(0, segments.rows()),
                    new DeltaWkv.Inputs(rows, decay.rowRange(0, segments.rows()), rows, rows, rows, rows), states[l], segments);
        }, 12, shape.stateElements(), 4L * inner * inner + 8L * inner * inner, inner);
    }

    private void gatedDeltaRule() {
        int width = 2048;
        GatedDeltaRule.Shape shape = new GatedDeltaRule.Shape(16, 32, 128, 128);
        Tensor q = tensor(-0.1f, 0.1f, ROWS, 16 * 128);
        Tensor v = tensor(-1, 1, ROWS, 32 * 128);
        Tensor decay = tensor(-3, -0.01f, ROWS, 32);
        Tensor rate = tensor(0, 1, ROWS, 32);
        Tensor y = tensor(0, 0, ROWS, 32 * 128);
        Tensor[] states = states(12, shape.stateElements());
        report("gated delta rule, Qwen3-Next", (segments, l) -> {
            int rows = segments.rows();
            kernels.gatedDeltaRule().forward(shape, y.rowRange(0, rows), new GatedDeltaRule.Inputs(q.rowRange(0, rows),
                    q.rowRange(0, rows), v.rowRange(0, rows), decay.rowRange(0, rows), rate.rowRange(0, rows)), states[l], segments);
        }, 12, shape.stateElements(), (long) width * (2 * 2048 + 3 * 4096), width);
    }

    private void retention() {
        int width = 1024;
        double[] logDecay = new double[4];
        Arrays.setAll(logDecay, h -> Math.log1p(-Math.pow(2, -5 - h)));
        Retention.Shape shape = new Retention.Shape(4, 256, 512, logDecay, true);
        Tensor q = tensor(-1, 1, ROWS, 1024);
        Tensor v = tensor(-1, 1, ROWS, 2048);
        Tensor y = tensor(0, 0, ROWS, 2048);
        Tensor[] states = states(4, shape.stateElements());
        report("retention, 4 heads of 256 x 512", (segments, l) -> {
            int rows = segments.rows();
            kernels.retention().forward(shape, y.rowRange(0, rows), q.rowRange(0, rows), q.rowRange(0, rows), v.rowRange(0, rows),
                    states[l], segments);
        }, 4, shape.stateElements(), (long) width * (2 * 1024 + 3 * 2048 + 3 * 2048), width);
    }

    private void report(String name, Layer layer, int layers, long stateElements, long weights, int width) {
        Segments prefill = segments(1, ROWS);
        double product = products(weights, width);
        double seconds = time(() -> layer.run(prefill, 0));
        System.out.printf("%s%n  prefill of %d rows %8.3f ms, %.1f %% of the layer's matrix products (%.1f ms)%n", name, ROWS, seconds * 1e3,
                100 * seconds / product, product * 1e3);
        for (int sequences : new int[] {1, 8}) {
            Segments step = segments(sequences, 1);
            int[] next = {0};
            double decode = time(() -> layer.run(step, next[0]++ % layers));
            System.out.printf("  decode of %d sequences %8.1f us a layer, %.1f GB/s of state read and written%n", sequences, decode * 1e6,
                    8e-9 * stateElements * sequences / decode);
        }
    }

    /// Seconds of products with `weights` f32 weights of `width` columns, about.
    private double products(long weights, int width) {
        int rows = (int) (weights / width);
        Tensor w = tensor(-1, 1, rows, width);
        Tensor x = tensor(-1, 1, ROWS, width);
        Tensor y = tensor(0, 0, ROWS, rows);
        return time(() -> kernels.matrixProduct().product(y, x, w));
    }

    private double time(Runnable run) {
        long warm = now() + (long) (Double.parseDouble(System.getProperty("warm", "1.5")) * 1e9);
        while (now() < warm) {
            run.run();
        }
        double best = Double.MAX_VALUE;
        long end = now() + 500_000_000L;
        while (now() < end) {
            long start = now();
            int count = 0;
            do {
                run.run();
                count++;
            } while (now() - start < 5_000_000);
            best = Math.min(best, (now() - start) * 1e-9 / count);
        }
        return best;
    }

    /// Nanoseconds of the clock; with one thread of its processor time, which others on the machine do not disturb.
    private long now() {
        return workers.count() == 1 ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() : System.nanoTime();
    }

    private static Segments segments(int count, int length) {
        return new Segments(IntStream.rangeClosed(0, count).map(s -> s * length).toArray(), new long[count],
                IntStream.range(0, count).toArray());
    }

    private Tensor[] states(int layers, int elements) {
        return IntStream.range(0, layers).mapToObj(_ -> tensor(-1, 1, 8, elements)).toArray(Tensor[]::new);
    }

    private Tensor zeros(Tensor like) {
        return Tensor.zeros(arena, DType.F32, like.shape());
    }

    private Tensor tensor(float low, float high, long... shape) {
        Tensor tensor = Tensor.zeros(arena, DType.F32, shape);
        float[] values = new float[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = low + (high - low) * random.nextFloat();
        }
        tensor.copyFrom(values);
        return tensor;
    }
}
