package dev.heddle.train.measure;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.backend.InterceptingBackend;
import dev.heddle.core.tensor.Tensor;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A device that measures each kernel: how often it was called, how long it took, what it computed.
final class MeteredBackend extends InterceptingBackend {
    private final Map<String, KernelTime> times = new HashMap<>();

    MeteredBackend(Backend delegate) {
        super(delegate);
    }

    @Override
    protected Object intercept(KernelCall call) {
        double flops = KernelFlops.of(call.type(), call.method().getName(), call.arguments());
        long start = System.nanoTime();
        Object result = call.run();
        add(call.name(), start, flops);
        return result;
    }

    private void add(String name, long start, double flops) {
        double seconds = (System.nanoTime() - start) * 1e-9;
        times.merge(name, new KernelTime(name, 1, seconds, flops), KernelTime::plus);
    }

    /// What each kernel has taken, the longest first.
    List<KernelTime> times() {
        return times.values().stream().sorted(Comparator.comparingDouble(KernelTime::seconds).reversed()).toList();
    }

    @Override
    public void fill(Tensor tensor, float value) {
        long start = System.nanoTime();
        super.fill(tensor, value);
        add("fill", start, 0);
    }

    @Override
    public void copyRows(Tensor to, long toRow, Tensor from, long fromRow, long rows) {
        long start = System.nanoTime();
        super.copyRows(to, toRow, from, fromRow, rows);
        add("copyRows", start, 0);
    }
}
