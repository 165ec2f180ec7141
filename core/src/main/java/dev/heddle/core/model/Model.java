package dev.heddle.core.model;

import dev.heddle.core.layer.Inventory;
import dev.heddle.core.layer.Layer;
import dev.heddle.core.layer.Layers;
import dev.heddle.core.layer.Norm;
import dev.heddle.core.layer.ParameterSource;
import dev.heddle.core.layer.Scope;
import dev.heddle.core.op.AddRow;
import dev.heddle.core.op.Linear;
import dev.heddle.core.op.PickRows;
import dev.heddle.core.op.Scale;
import dev.heddle.core.op.Softcap;
import dev.heddle.core.op.TokenEmbedding;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.SequenceState;
import dev.heddle.core.state.StateLayout;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A language model built from its specification: embedding, blocks, final norm, head. It walks the blocks of a
/// pass and knows neither device nor thread.
///
/// Parameters: `embedding.weight` [V, D], `embedding.norm`, `meta_tokens` [M, D], `blocks.i…`, `shared.name…`, `norm`, `head.weight`
/// [V, D] unless tied, `head.bias` [V].
public final class Model {
    private final ModelSpec spec;
    private final StateLayout states = new StateLayout();
    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final Map<String, Tensor> buffers = new LinkedHashMap<>();
    private final Inventory inventory = new Inventory();
    private final Tensor embedding;
    private final Norm embeddingNorm;
    private final Optional<Tensor> metaTokens;
    private final List<Block> blocks = new ArrayList<>();
    private final Norm finalNorm;
    private final Tensor head;
    private final Optional<Tensor> headBias;

    /// @param firstState number of the first recurrent state its layers registered
    /// @param endState   number after the last
    record Block(Layer layer, int firstState, int endState) {
    }

    /// Asks `source` for every parameter the specification implies, each once.
    public Model(ModelSpec spec, ParameterSource source) {
        this.spec = spec;
        ParameterSource once = (name, kind, shape) -> (kind == ParameterSource.Kind.BUFFER ? buffers : parameters)
                .computeIfAbsent(name, n -> source.parameter(n, kind, shape));
        Scope root = Scope.root(spec, once, states, inventory);
        embedding = spec.head().tied() ? root.matrix("embedding.weight", spec.vocabulary(), spec.width())
                : root.table("embedding.weight", spec.vocabulary(), spec.width());
        embeddingNorm = root.norm("embedding.norm", spec.embedding().norm(), spec.width());
        int meta = spec.embedding().metaTokens();
        metaTokens = root.small(meta > 0, "meta_tokens", meta, spec.width());
        states.prologue(meta);
        for (int i = 0; i < spec.blocks().size(); i++) {
            int firstState = states.recurrent().size();
            Layer layer = Layers.build(spec.blocks().get(i), root.child("blocks." + i));
            blocks.add(new Block(layer, firstState, states.recurrent().size()));
        }
        finalNorm = root.norm("norm", spec.finalNorm(), spec.width());
        head = spec.head().tied() ? embedding : root.matrix("head.weight", spec.vocabulary(), spec.width());
        headBias = root.small(spec.head().bias(), "head.bias", spec.vocabulary());
    }

    public ModelSpec spec() {
        return spec;
    }

    /// What a sequence of this model must remember.
    public StateLayout states() {
        return states;
    }

    /// All parameters by name, shared ones once.
    public Map<String, Tensor> parameters() {
        return Collections.unmodifiableMap(parameters);
    }

    /// All values that are read and not trained, by name.
    public Map<String, Tensor> buffers() {
        return Collections.unmodifiableMap(buffers);
    }

    /// The share of tokens that use a parameter: 1, or active/experts for an expert's.
    public double activeShare(String parameter) {
        return inventory.parameters().get(parameter).share();
    }

    /// Every layer and who owns each parameter.
    public Inventory inventory() {
        return inventory;
    }

    /// Logits [rows.length, V] of the chosen tokens, numbered through the batch. The tensor is the pass's own: read it before the
    /// next pass begins. Afterwards each sequence of `sequences` has advanced by its rows.
    public Tensor logits(Pass pass, int[] rows) {
        Tensor h = hidden(pass);
        return logits(pass, normed(pass, h, rows));
    }

    /// The chosen rows of the residual stream after the final norm, [rows.length, D].
    Tensor normed(Pass pass, Tensor hidden, int[] rows) {
        int[] wanted = pass.rowsOf(rows);
        Tensor picked = wanted.length == hidden.rows() && isIdentity(wanted) ? hidden : PickRows.apply(pass, hidden, wanted);
        return finalNorm.forward(pass, picked);
    }

    /// Logits [R, V] of normed rows [R, D].
    Tensor logits(Pass pass, Tensor normed) {
        Tensor logits = Linear.apply(pass, normed, head);
        if (headBias.isPresent()) {
            logits = AddRow.apply(pass, logits, headBias.get());
        }
        return Softcap.apply(pass, Scale.apply(pass, logits, spec.head().scale()), spec.head().softcap());
    }

    /// The residual stream [T, D] after the last block.
    public Tensor hidden(Pass pass) {
        Tensor h = TokenEmbedding.apply(pass, embedding, metaTokens, spec.embedding().scale());
        h = embeddingNorm.forward(pass, h);
        // without a tape the residuals add to h in place
        pass.publish(Layer.EMBEDDED, pass.taped() ? h : Scale.into(pass, pass.takeLasting(h.rows(), h.columns()), h, 1));
        Optional<Recomputation> recomputation = pass.taped() && pass.training().recompute()
                ? Optional.of(new Recomputation(pass, spec.width())) : Optional.empty();
        for (Block block : blocks) {
            h = recomputation.isPresent() ? recomputation.get().forward(block, h) : block.layer().forward(pass, h);
        }
        return h;
    }

    /// The parameters that turn normed rows into logits.
    List<Tensor> headParameters() {
        return headBias.map(bias -> List.of(head, bias)).orElse(List.of(head));
    }

    private static boolean isIdentity(int[] rows) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] != i) {
                return false;
            }
        }
        return true;
    }

    /// Moves the sequences on by the rows a pass has fed them.
    public static void advance(List<SequenceState> sequences, List<int[]> tokens) {
        for (int s = 0; s < sequences.size(); s++) {
            sequences.get(s).pool().advance(sequences.get(s), tokens.get(s).length);
        }
    }
}
