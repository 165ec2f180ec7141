package dev.heddle.core.kernel;

import dev.heddle.core.kernel.Attention.Shape;
import dev.heddle.core.kernel.vector.Lanes;
import dev.heddle.core.kernel.vector.VectorKernels;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Times attention over a long context: a decode step and a prefill of 128 rows, for each type of keys and values, at the
/// shapes of published models. Steps walk over the keys and values of all layers, as between two tokens; GB/s count each
/// key and value once.
///
/// Arguments: threads, positions, names of types. System properties: `all` for all models instead of the first, `model` for
/// those with this in their name, `decode` for decode steps alone, `seconds` for each number, `vector` to leave machine code out.
public final class AttentionBench {
    private static final int ROWS = 128;
    private static final int PAGE = 64;

    private record Model(String name, Shape shape, int layers) {
    }

    private static final List<Model> MODELS = List.of(
            new Model("Falcon-H1-0.5B", new Shape(8, 2, 64, 64, 0.125f, 0, 0, 0, false), 36),
            new Model("LFM2-350M", new Shape(16, 8, 64, 64, 0.125f, 0, 0, 0, false), 6),
            new Model("Granite-4-H-350M", new Shape(12, 4, 64, 64, 0.125f, 0, 0, 0, false), 4),
            new Model("Granite-4-H-1B", new Shape(12, 4, 128, 128, 0.125f, 0, 0, 0, false), 4),
            new Model("Zamba2-1.2B", new Shape(32, 32, 128, 128, 0.125f, 0, 0, 0, false), 2));

    private final int threads;
    private final Attention kernel;
    private final Random random = new Random(3);

    private AttentionBench(Workers workers) {
        threads = workers.count();
        kernel = VectorKernels.create(workers, MachineCode.isAvailable() && !Boolean.getBoolean("vector")).attention();
    }

    public static void main(String[] arguments) {
        int threads = arguments.length == 0 ? 2 : Integer.parseInt(arguments[0]);
        int depth = arguments.length < 2 ? 8192 : Integer.parseInt(arguments[1]);
        List<DType> types = arguments.length < 3 ? List.of(DType.F32, DType.BF16, DType.F16, DType.Q8_0)
                : Arrays.stream(arguments).skip(2).map(name -> DType.valueOf(name.toUpperCase())).toList();
        try (Workers workers = new Workers(threads)) {
            AttentionBench bench = new AttentionBench(workers);
            System.out.printf("%d threads, %d bits, %d positions%n", threads, Lanes.COUNT * 32, depth);
            for (DType type : types) {
                for (Model model : MODELS) {
                    String wanted = System.getProperty("model");
                    if (Boolean.getBoolean("all") || (wanted == null ? model == MODELS.getFirst() : model.name().contains(wanted))) {
                        bench.time(model, depth, type);
                    }
                }
            }
        }
    }

    private void time(Model model, int depth, DType type) {
        Shape shape = model.shape();
        int layers = model.layers();
        int pages = Math.ceilDiv(depth + ROWS, PAGE);
        KeyValues[] caches = new KeyValues[layers];
        try (Arena arena = Arena.ofShared()) {
            int[][] table = {new int[pages]};
            Arrays.setAll(table[0], i -> i);
            Tensor k = values(arena, ROWS, shape.kvHeads() * shape.headDim());
            Tensor v = values(arena, ROWS, shape.kvHeads() * shape.valueDim());
            for (int l = 0; l < layers; l++) {
                caches[l] = new KeyValues(Tensor.zeros(arena, type, (long) pages * PAGE, k.columns()),
                        Tensor.zeros(arena, type, (long) pages * PAGE, v.columns()), table, PAGE);
                for (int at = 0; at < depth; at += ROWS) {
                    kernel.append(caches[l], k, v, segment(ROWS, at));
                }
            }
            Tensor q = values(arena, ROWS, shape.heads() * shape.headDim());
            Tensor y = Tensor.zeros(arena, DType.F32, ROWS, (long) shape.heads() * shape.valueDim());
            double bytes = type.bytes((long) depth * (k.columns() + v.columns()));
            double products = 2.0 * depth * shape.heads() * (shape.headDim() + shape.valueDim());
            double step = seconds(1, caches, shape, y, q, depth - 1);
            double prefill = Boolean.getBoolean("decode") ? 1 : seconds(ROWS, caches, shape, y, q, depth - ROWS);
            double append = Boolean.getBoolean("decode") ? 0 : seconds(() -> {
                for (KeyValues cache : caches) {
                    kernel.append(cache, k, v, segment(ROWS, 0));
                }
            });
            System.out.printf("%-16s %-5s decode %7.0f µs a layer, %5.1f GB/s, %4.0f GFLOP/s   prefill %4.0f GFLOP/s   append %5.1f µs a layer%n",
                    model.name(), type, step * 1e6 / layers, bytes * layers / step / 1e9, products * layers / step / 1e9,
                    products * ROWS * layers / prefill / 1e9, append * 1e6 / layers);
        }
    }

    private double seconds(int rows, KeyValues[] caches, Shape shape, Tensor y, Tensor q, int position) {
        Segments segments = segment(rows, position);
        return seconds(() -> {
            for (KeyValues cache : caches) {
                kernel.forward(shape, y.rowRange(0, rows), q.rowRange(0, rows), cache, segments);
            }
        });
    }

    /// The median of some runs after a warm-up, some seconds together; processor time with one thread, so that others on the
    /// machine disturb little.
    private double seconds(Runnable run) {
        List<Double> times = new ArrayList<>();
        long end = now() + Long.getLong("seconds", 3) * 1_000_000_000L;
        while (now() < end || times.size() < 5) {
            long start = now();
            run.run();
            times.add((now() - start) * 1e-9);
        }
        List<Double> warm = times.subList(times.size() * 2 / 3, times.size());
        return warm.stream().sorted().toList().get(warm.size() / 2);
    }

    private long now() {
        return threads == 1 ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() : System.nanoTime();
    }

    private static Segments segment(int rows, long position) {
        return new Segments(new int[] {0, rows}, new long[] {position}, new int[] {0});
    }

    private Tensor values(Arena arena, long rows, long columns) {
        Tensor tensor = Tensor.zeros(arena, DType.F32, rows, columns);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, random.nextFloat(-1, 1));
        }
        return tensor;
    }
}
