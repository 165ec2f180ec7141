package dev.heddle.train;

import dev.heddle.core.backend.Backend;
import dev.heddle.core.pass.RouterLoad;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Gathers over a step how routers used their experts, and moves the biases of their choice towards an even use:
/// bias_e += rate · sign(mean load − load_e) (Wang et al. 2024, "Auxiliary-Loss-Free Load Balancing"; DeepSeek-V3).
///
/// It reads the loads on the host, after the step's backward.
public final class RouterBalance {
    /// What a step saw.
    ///
    /// @param balance mean over the routers of their load-balancing loss; the number of active experts if they are even
    /// @param busiest share of the tokens that chose the busiest expert of any router
    public record Use(double balance, double busiest) {
    }

    private final Backend backend;
    private final double rate;
    private final List<double[]> loads = new ArrayList<>();
    private final Map<Tensor, double[]> byBias = new IdentityHashMap<>();
    private double balance;
    private double rows;

    /// @param rate of the biases; 0 leaves them
    public RouterBalance(Backend backend, double rate) {
        if (!(rate >= 0)) {
            throw new IllegalArgumentException("the rate of choice biases must not be negative, not " + rate);
        }
        this.backend = backend;
        this.rate = rate;
    }

    /// Forgets what was gathered.
    public void clear() {
        loads.clear();
        byBias.clear();
        balance = 0;
        rows = 0;
    }

    /// Gathers what the routers of a pass have noted, always the same ones in the same order.
    ///
    /// @param count rows of the pass
    public void gather(List<RouterLoad> routers, int count) {
        if (routers.isEmpty()) {
            return;
        }
        for (int i = 0; i < routers.size(); i++) {
            RouterLoad router = routers.get(i);
            float[] load = backend.read(router.load());
            if (i == loads.size()) {
                loads.add(new double[load.length]);
            }
            add(loads.get(i), load, count);
            router.choiceBias().ifPresent(bias -> add(byBias.computeIfAbsent(bias, _ -> new double[load.length]), load, count));
            balance += (double) backend.read(router.balance())[0] * count / routers.size();
        }
        rows += count;
    }

    private static void add(double[] sum, float[] load, int count) {
        for (int e = 0; e < sum.length; e++) {
            sum[e] += (double) load[e] * count;
        }
    }

    /// What was gathered since [#clear]; empty if there are no routers.
    public Optional<Use> use() {
        if (loads.isEmpty()) {
            return Optional.empty();
        }
        double busiest = 0;
        for (double[] load : loads) {
            for (double one : load) {
                busiest = Math.max(busiest, one / rows);
            }
        }
        return Optional.of(new Use(balance / rows, busiest));
    }

    /// Moves the biases of the routers that have some.
    public void update() {
        if (rate == 0) {
            return;
        }
        byBias.forEach((bias, load) -> {
            double mean = 0;
            for (double one : load) {
                mean += one / load.length;
            }
            float[] values = backend.read(bias);
            for (int e = 0; e < values.length; e++) {
                values[e] += (float) (rate * Math.signum(mean - load[e]));
            }
            TrainableParameters.write(backend, bias, values);
        });
    }
}
