package dev.heddle.core.kernel;

import dev.heddle.core.kernel.vector.Lanes;
import dev.heddle.core.kernel.vector.VectorMatrixProduct;
import dev.heddle.core.machine.MachineCode;
import dev.heddle.core.parallel.Workers;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.function.IntConsumer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Times the matrix products as a small hybrid model uses them (the shapes of Falcon-H1-0.5B, 36 layers and a
/// head, close to 1 GB of 16-bit weights), with small vector work between them, against two limits measured
/// in the same run: reading memory, and multiplying in registers.
///
/// Arguments: `key=value` of threads, type (bf16, f16, f32, q8_0, …), rows (a list such as 1,2,8,512), layers, seconds,
/// gradients (true to time them too), machine (false to leave machine code out).
public final class MatrixProductBench {
    private static final int D = 1024;
    private static final int F = 2048;
    private static final int HEADS = 512;
    private static final int INNER = 1536;

    private record Layer(Tensor in, Tensor q, Tensor k, Tensor v, Tensor o, Tensor out, Tensor gate, Tensor up, Tensor down) {
        Tensor[] all() {
            return new Tensor[] {in, q, k, v, o, out, gate, up, down};
        }
    }

    private final Workers workers;
    private final MatrixProduct product;
    private final Layer[] layers;
    private final Tensor head;
    private final Arena arena = Arena.ofAuto();
    private final Random random = new Random(1);
    private double sink;
    private int window;

    private MatrixProductBench(Workers workers, boolean machineCode, DType type, int layers) {
        this.workers = workers;
        this.product = new VectorMatrixProduct(workers, machineCode);
        this.layers = new Layer[layers];
        for (int l = 0; l < layers; l++) {
            this.layers[l] = new Layer(weight(type, 3352, D), weight(type, HEADS, D), weight(type, 128, D), weight(type, 128, D),
                    weight(type, D, HEADS), weight(type, D, INNER), weight(type, F, D), weight(type, F, D), weight(type, D, F));
        }
        head = weight(type, 32784, D);
    }

    public static void main(String[] arguments) {
        int threads = 2;
        DType type = DType.BF16;
        int[] rows = {1, 2, 4, 8, 16, 32, 128, 512};
        int layers = 36;
        double seconds = 4;
        boolean gradients = false;
        boolean machineCode = MachineCode.isAvailable();
        for (String argument : arguments) {
            String value = argument.substring(argument.indexOf('=') + 1);
            switch (argument.substring(0, argument.indexOf('='))) {
                case "threads" -> threads = Integer.parseInt(value);
                case "type" -> type = DType.valueOf(value.toUpperCase(Locale.ROOT));
                case "rows" -> rows = Arrays.stream(value.split(",")).mapToInt(Integer::parseInt).toArray();
                case "layers" -> layers = Integer.parseInt(value);
                case "gradients" -> gradients = Boolean.parseBoolean(value);
                case "machine" -> machineCode &= Boolean.parseBoolean(value);
                case "seconds" -> seconds = Double.parseDouble(value);
                default -> throw new IllegalArgumentException("unknown argument " + argument);
            }
        }
        try (Workers workers = new Workers(threads)) {
            new MatrixProductBench(workers, machineCode, type, layers).run(rows, seconds, gradients);
        }
    }

    private void run(int[] rows, double seconds, boolean gradients) {
        System.out.printf("%d threads, %d bits, weights %s, %d MB%n", workers.count(), Lanes.COUNT * 32, head.dtype(), bytes() >> 20);
        mixTypes();
        double flops = 0;
        double stream = 0;
        for (int i = 0; i < 10; i++) {
            flops = Math.max(flops, multiplyLimit());
            stream = Math.max(stream, streamLimit());
        }
        System.out.printf("limits: %.1f GB/s, %.0f GFLOP/s%n", stream / 1e9, flops / 1e9);
        for (int t : rows) {
            forward(t, seconds);
        }
        if (gradients) {
            gradients(seconds);
        }
        System.out.println(sink == 42 ? "" : " ");
    }

    /// Runs every type of weight with one and with many rows, so that call sites have the profile of a real program.
    private void mixTypes() {
        for (int round = 0; round < 30; round++) {
            for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16, DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K}) {
                Tensor w = weight(type, 256, 512);
                for (int t : new int[] {1, 3, 40}) {
                    product.product(zeros(t, 256), zeros(t, 512), w);
                }
            }
        }
    }

    private void forward(int t, double seconds) {
        Tensor x = zeros(t, D);
        Tensor n = zeros(t, D);
        Tensor in = zeros(t, 3352);
        Tensor q = zeros(t, HEADS);
        Tensor k = zeros(t, 128);
        Tensor v = zeros(t, 128);
        Tensor inner = zeros(t, INNER);
        Tensor gate = zeros(t, F);
        Tensor up = zeros(t, F);
        Tensor logits = zeros(1, 32784);
        for (int i = 0; i < t * D; i++) {
            x.set(i, random.nextFloat(-1, 1));
        }
        boolean decode = t <= 8;
        double[] shares = new double[64];
        double[] speeds = new double[64];
        int runs = 0;
        long first = 0;
        long start = System.nanoTime();
        while (runs < shares.length && (runs < 5 || System.nanoTime() - start < seconds * 1e9)) {
            double limit = decode ? streamLimit() : multiplyLimit();
            long t0 = System.nanoTime();
            int passes = decode ? 3 : 1;
            for (int pass = 0; pass < passes; pass++) {
                for (Layer layer : layers) {
                    norm(n, x);
                    product.products(new Tensor[] {in, q, k, v}, n, new Tensor[] {layer.in, layer.q, layer.k, layer.v});
                    copy(inner, in);
                    product.product(n, q, layer.o);
                    product.product(x, inner, layer.out);
                    norm(n, x);
                    product.products(new Tensor[] {gate, up}, n, new Tensor[] {layer.gate, layer.up});
                    gated(gate, up);
                    product.product(x, gate, layer.down);
                }
                if (decode) {
                    for (int r = 0; r < t; r += 8) {
                        product.product(logits, x.rowRange(0, 1), head);
                    }
                }
            }
            double time = (System.nanoTime() - t0) / 1e9 / passes;
            if (first == 0) {
                first = (long) (time * 1e9);
            }
            double work = decode ? bytes() : 2.0 * t * (elements() - head.elements());
            speeds[runs] = work / time;
            shares[runs++] = work / time / limit;
        }
        Arrays.sort(shares, 0, runs);
        Arrays.sort(speeds, 0, runs);
        double speed = speeds[runs / 2];
        System.out.printf("T=%-4d %8.2f %s, %3.0f%% of the limit (quartiles %.0f%% to %.0f%%), %.1f tokens/s, first %.0f ms%n", t,
                speed / 1e9, decode ? "GB/s   " : "GFLOP/s", 100 * shares[runs / 2], 100 * shares[runs / 4],
                100 * shares[runs * 3 / 4], decode ? t * speed / bytes() : speed / (2.0 * (elements() - head.elements())), first / 1e6);
    }

    private void gradients(double seconds) {
        for (int d : new int[] {256, 512, 1024}) {
            int t = 1024;
            Tensor x = zeros(t, d);
            Tensor dy = zeros(t, 2 * d);
            Tensor w = weight(DType.F32, 2 * d, d);
            gradient("inputGradient ", d, seconds, 4.0 * t * d * d, i -> product.inputGradient(x, dy, w));
            gradient("weightGradient", d, seconds, 4.0 * t * d * d, i -> product.weightGradient(w, dy, x));
            gradient("product f32   ", d, seconds, 4.0 * t * d * d, i -> product.product(dy, x, w));
        }
    }

    private void gradient(String name, int d, double seconds, double work, IntConsumer body) {
        double[] shares = new double[30];
        double[] speeds = new double[30];
        for (int i = 0; i < 30; i++) {
            double limit = multiplyLimit();
            long t0 = System.nanoTime();
            int times = (int) (8e9 / work) + 1;
            for (int j = 0; j < times; j++) {
                body.accept(j);
            }
            speeds[i] = work * times / ((System.nanoTime() - t0) / 1e9);
            shares[i] = speeds[i] / limit;
        }
        Arrays.sort(shares);
        Arrays.sort(speeds);
        System.out.printf("%s T=1024 I=%d O=%d f32: %.0f GFLOP/s, %.0f%% of the limit%n", name, d, 2 * d, speeds[15] / 1e9, 100 * shares[15]);
    }

    /// Bytes per second of reading weights with nothing but additions: a window of the layers, another each time.
    private double streamLimit() {
        long t0 = System.nanoTime();
        long total = 0;
        for (int i = 0; i < Math.max(1, layers.length / 3); i++) {
            window = (window + 1) % layers.length;
            for (Tensor w : layers[window].all()) {
                int chunks = (int) (w.bytes() >> 12);
                long address = w.address();
                total += (long) chunks << 12;
                workers.forRange(workers.count(), 1, (from, to) -> {
                    for (int c = from; c < to; c++) {
                        int begin = chunks * c / workers.count();
                        sink += readAll(address + ((long) begin << 12), (chunks * (c + 1) / workers.count() - begin) << 12);
                    }
                });
            }
        }
        return total / ((System.nanoTime() - t0) / 1e9);
    }

    private static float readAll(long address, int bytes) {
        FloatVector a = Lanes.zero();
        FloatVector b = Lanes.zero();
        FloatVector c = Lanes.zero();
        FloatVector d = Lanes.zero();
        int step = 4 * Lanes.COUNT;
        for (int i = 0; i < bytes; i += 4 * step) {
            a = a.add(Lanes.load(address + i));
            b = b.add(Lanes.load(address + i + step));
            c = c.add(Lanes.load(address + i + 2 * step));
            d = d.add(Lanes.load(address + i + 3 * step));
        }
        return Lanes.sum(a.add(b).add(c).add(d));
    }

    /// Floating-point operations per second of independent multiply-adds in registers, all threads.
    private double multiplyLimit() {
        int rounds = 400_000;
        double best = 0;
        for (int i = 0; i < 3; i++) {
            long t0 = System.nanoTime();
            workers.forRange(workers.count(), 1, (from, to) -> {
                for (int c = from; c < to; c++) {
                    sink += multiplyAll(rounds);
                }
            });
            best = Math.max(best, 2.0 * 12 * Lanes.COUNT * rounds * workers.count() / ((System.nanoTime() - t0) / 1e9));
        }
        return best;
    }

    private static float multiplyAll(int rounds) {
        FloatVector x = Lanes.of(0.5f);
        FloatVector y = Lanes.of(0.25f);
        FloatVector a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int n = 0; n < rounds; n++) {
            a = a.fma(x, y);
            b = b.fma(x, y);
            c = c.fma(x, y);
            d = d.fma(x, y);
            e = e.fma(x, y);
            f = f.fma(x, y);
            g = g.fma(x, y);
            h = h.fma(x, y);
            i = i.fma(x, y);
            j = j.fma(x, y);
            k = k.fma(x, y);
            l = l.fma(x, y);
        }
        return Lanes.sum(a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).add(k).add(l));
    }

    private static void norm(Tensor y, Tensor x) {
        for (int t = 0; t < x.rows(); t++) {
            FloatVector squares = Lanes.zero();
            for (int i = 0; i < x.columns(); i += Lanes.COUNT) {
                FloatVector v = Lanes.load(x.address(t) + 4L * i);
                squares = v.fma(v, squares);
            }
            FloatVector scale = Lanes.of((float) (1 / Math.sqrt(1e-6 + Lanes.sum(squares) / x.columns())));
            for (int i = 0; i < x.columns(); i += Lanes.COUNT) {
                Lanes.store(Lanes.load(x.address(t) + 4L * i).mul(scale), y.address(t) + 4L * i);
            }
        }
    }

    private static void copy(Tensor y, Tensor x) {
        for (int t = 0; t < x.rows(); t++) {
            for (int i = 0; i < y.columns(); i += Lanes.COUNT) {
                Lanes.store(Lanes.load(x.address(t) + 4L * i), y.address(t) + 4L * i);
            }
        }
    }

    private static void gated(Tensor y, Tensor x) {
        for (int t = 0; t < x.rows(); t++) {
            for (int i = 0; i < y.columns(); i += Lanes.COUNT) {
                FloatVector g = Lanes.load(y.address(t) + 4L * i);
                FloatVector u = Lanes.load(x.address(t) + 4L * i);
                Lanes.store(g.mul(u).div(g.lanewise(VectorOperators.ABS).add(1f)), y.address(t) + 4L * i);
            }
        }
    }

    private long bytes() {
        long bytes = head.bytes();
        for (Layer layer : layers) {
            for (Tensor w : layer.all()) {
                bytes += w.bytes();
            }
        }
        return bytes;
    }

    private long elements() {
        long elements = head.elements();
        for (Layer layer : layers) {
            for (Tensor w : layer.all()) {
                elements += w.elements();
            }
        }
        return elements;
    }

    private Tensor zeros(int rows, int columns) {
        return Tensor.zeros(arena, DType.F32, rows, columns);
    }

    private Tensor weight(DType type, int rows, int columns) {
        Tensor tensor = Tensor.zeros(arena, type, rows, columns);
        if (type.isQuantized()) {
            Memory.ALL.asSlice(tensor.address(), tensor.bytes()).fill((byte) 0x11);
            return product.prepared(tensor);
        }
        float[] some = new float[1021];
        for (int i = 0; i < some.length; i++) {
            some[i] = random.nextFloat(-1, 1) / 16;
        }
        for (long i = 0; i < tensor.elements(); i++) {
            Memory.store(type, tensor.address() + type.bytes(i), some[(int) (i % some.length)]);
        }
        return tensor;
    }
}
