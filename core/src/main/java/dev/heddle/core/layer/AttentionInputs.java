package dev.heddle.core.layer;

import dev.heddle.core.op.Attention;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.RotaryEmbedding;
import dev.heddle.core.op.Scale;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.AttentionSpec.KeyValueSource;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What attention needs of its input rows: queries, stored keys and values, and a gate; all projected in one kernel
/// call, normalised and rotated.
///
/// Parameters: `q.weight` [H·K, D], `k.weight` [kv·K, D], `v.weight` [kv·V, D] (the last two not if an earlier layer's keys
/// and values are read), `gate.weight` [H·V, D], biases `q|k|v|gate.bias`, of each use
/// `q|k|v_adapter` (see [Adapter]), convolutions `q|k|v_conv`, norms `q_norm`, `k_norm` [K] or over whole rows.
final class AttentionInputs {
    /// @param query  [T, H·K]
    /// @param stored keys and values of all positions
    /// @param gate   [T, H·V] before the sigmoid
    record Projected(Tensor query, Attention.Stored stored, Optional<Tensor> gate) {
    }

    /// Key under which a layer publishes the keys or values of a pass's rows.
    private record PublishedRows(String name, boolean keys) {
    }

    private final AttentionSpec spec;
    private final Tensor[] weights;
    private final Optional<Tensor> queryBias;
    private final Optional<Tensor> keyBias;
    private final Optional<Tensor> valueBias;
    private final Optional<Tensor> gateBias;
    private final Optional<DepthwiseConvolution> queryConvolution;
    private final Optional<DepthwiseConvolution> keyConvolution;
    private final Optional<DepthwiseConvolution> valueConvolution;
    private final Norm queryNorm;
    private final Norm keyNorm;
    private final int memory;
    private final List<Adapter> adapters = new ArrayList<>();

    AttentionInputs(AttentionSpec spec, Scope scope) {
        this.spec = spec;
        int input = spec.inputWidth() == 0 ? scope.width() : spec.inputWidth();
        int queryWidth = spec.heads() * spec.headDim();
        int keyWidth = spec.kvHeads() * spec.headDim();
        int valueWidth = spec.kvHeads() * spec.valueDim();
        int outputWidth = spec.heads() * spec.valueDim();
        boolean own = !spec.readsEarlierKeyValues();
        boolean bias = spec.qkvBias();
        List<Tensor> matrices = new ArrayList<>();
        matrices.add(scope.matrix("q.weight", queryWidth, input));
        if (own) {
            matrices.add(scope.matrix("k.weight", keyWidth, input));
            matrices.add(scope.matrix("v.weight", valueWidth, input));
        }
        if (spec.outputGate()) {
            matrices.add(scope.matrix("gate.weight", outputWidth, input));
        }
        weights = matrices.toArray(Tensor[]::new);
        queryBias = scope.small(bias, "q.bias", queryWidth);
        keyBias = scope.small(bias && own, "k.bias", keyWidth);
        valueBias = scope.small(bias && own, "v.bias", valueWidth);
        gateBias = scope.small(bias && spec.outputGate(), "gate.bias", outputWidth);
        boolean convolved = spec.convolution() > 0;
        queryConvolution = convolution(convolved, scope.child("q_conv"), queryWidth);
        keyConvolution = convolution(convolved && own, scope.child("k_conv"), keyWidth);
        valueConvolution = convolution(convolved && own, scope.child("v_conv"), valueWidth);
        boolean rows = spec.queryKeySpan() == AttentionSpec.Span.ROW;
        queryNorm = scope.norm("q_norm", spec.queryKeyNorm(), rows ? queryWidth : spec.headDim());
        keyNorm = scope.norm("k_norm", own ? spec.queryKeyNorm() : NormSpec.NONE, rows ? keyWidth : spec.headDim());
        Adapter.Output[] outputs = {new Adapter.Output("q", queryWidth), new Adapter.Output("k", keyWidth),
            new Adapter.Output("v", valueWidth)};
        for (Adapter.Output output : own ? outputs : new Adapter.Output[] {outputs[0]}) {
            Adapter.of(scope.own().child(output.name() + "_adapter"), spec.adapterRank(), input,
                    new Adapter.Output("up", output.width())).ifPresent(adapters::add);
        }
        memory = switch (spec.keyValues()) {
            case KeyValueSource.Own _ -> scope.keyValues(spec.kvHeads(), spec.headDim(), spec.valueDim(), spec.window());
            case KeyValueSource.Published(String name) ->
                    scope.publishedKeyValues(name, spec.kvHeads(), spec.headDim(), spec.valueDim(), spec.window());
            case KeyValueSource.Earlier(String name) -> scope.earlierKeyValues(name, spec.window());
        };
    }

    private Optional<DepthwiseConvolution> convolution(boolean present, Scope scope, int width) {
        return present ? Optional.of(new DepthwiseConvolution(scope, width, spec.convolution())) : Optional.empty();
    }

    private static Tensor convolved(Pass pass, Tensor x, Optional<DepthwiseConvolution> convolution) {
        return convolution.isEmpty() ? x : convolution.get().forward(pass, x);
    }

    Projected project(Pass pass, Tensor x) {
        Tensor[] parts = Linear.apply(pass, x, weights);
        for (int i = 0; i < adapters.size(); i++) {
            parts[i] = adapters.get(i).add(pass, new Tensor[] {parts[i]}, x)[0];
        }
        Tensor query = convolved(pass, Biased.apply(pass, parts[0], queryBias), queryConvolution);
        query = prepared(pass, query, queryNorm, spec.heads());
        Optional<Tensor> gate = spec.outputGate() ? Optional.of(Biased.apply(pass, parts[parts.length - 1], gateBias))
                : Optional.empty();
        Attention.Stored stored = switch (spec.keyValues()) {
            case KeyValueSource.Own _ -> store(pass, parts[1], parts[2]);
            case KeyValueSource.Published(String name) -> {
                Attention.Stored own = store(pass, parts[1], parts[2]);
                // only a tape's backward reads these rows later, and with a tape no scratch memory is given back
                pass.publish(new PublishedRows(name, true), own.keys());
                pass.publish(new PublishedRows(name, false), own.values());
                yield own;
            }
            case KeyValueSource.Earlier(String name) -> new Attention.Stored(
                    pass.published(new PublishedRows(name, true)), pass.published(new PublishedRows(name, false)),
                    pass.states().keyValues(memory));
        };
        return new Projected(query, stored, gate);
    }

    private Attention.Stored store(Pass pass, Tensor k, Tensor v) {
        Tensor key = convolved(pass, Biased.apply(pass, k, keyBias), keyConvolution);
        key = prepared(pass, Scale.apply(pass, key, spec.keyScale()), keyNorm, spec.kvHeads());
        return Attention.store(pass, key, convolved(pass, Biased.apply(pass, v, valueBias), valueConvolution), memory);
    }

    private Tensor prepared(Pass pass, Tensor x, Norm norm, int heads) {
        Tensor normed = norm.forward(pass, x, spec.queryKeySpan() == AttentionSpec.Span.ROW ? 1 : heads);
        return spec.position() instanceof PositionSpec.Rotary rotary ? RotaryEmbedding.apply(pass, normed, rotary, heads)
                : normed;
    }
}
