package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba2Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import java.util.ArrayList;
import java.util.List;

/// `nemotron_h` and `nemotron_h_moe`: one sub-layer a block, Mamba-2, attention without positions, an MLP or experts, as its
/// tensors tell.
final class GgufNemotronH implements GgufFamily {
    private static final double WEIGHT_EPSILON = 1e-20;

    @Override
    public List<String> architectures() {
        return List.of("nemotron_h", "nemotron_h_moe");
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = gguf.rms();
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < gguf.blocks(); i++) {
            LayerSpec body = gguf.has(i, "ssm_in.weight") ? GgufMamba2.mixer(gguf, i)
                    : gguf.has(i, "ffn_gate_inp.weight") ? experts(gguf, i)
                    : gguf.has(i, "ffn_up.weight")
                    ? new MlpSpec(gguf.rows(i, "ffn_up"), Activation.RELU_SQUARED, gguf.has(i, "ffn_up.bias"))
                    : gguf.attention(i, PositionSpec.NONE);
            blocks.add(ResidualSpec.of(norm, body));
        }
        return gguf.model(name, norm, blocks);
    }

    private static MixtureOfExpertsSpec experts(GgufConfig gguf, int block) {
        int blocks = gguf.config().integer("block_count");
        Router router = Router.sigmoid().withChoiceBias(gguf.has(block, "exp_probs_b.bias"))
                .withGroups(gguf.config().integer("expert_group_count", 1), gguf.config().integer("expert_group_used_count", 1))
                .withNormalised(gguf.config().flag("expert_weights_norm", true), WEIGHT_EPSILON)
                .withScale(gguf.config().number("expert_weights_scale", 1));
        MixtureOfExpertsSpec experts = MixtureOfExpertsSpec.of(gguf.experts(block),
                gguf.config().integerOrEach("expert_used_count", blocks)[block],
                mlp(gguf.config().integerOrEach("expert_feed_forward_length", blocks)[block]), router)
                .withShared(mlp(gguf.rows(block, "ffn_up_shexp")));
        int latent = gguf.config().integer("moe_latent_size", 0);
        return latent == 0 ? experts : experts.withLatent(latent, false);
    }

    private static MlpSpec mlp(int inner) {
        return new MlpSpec(inner, Activation.RELU_SQUARED, false);
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            Binder layer = GgufNames.block(binder, i);
            layer.bind("norm.weight", "attn_norm.weight");
            LayerSpec body = ((ResidualSpec) spec.blocks().get(i)).body();
            switch (body) {
                case Mamba2Spec mamba -> GgufNames.mamba2(layer, mamba);
                case AttentionSpec attention -> GgufNames.attention(layer, attention);
                case MlpSpec mlp -> GgufNames.mlp(layer, mlp);
                case MixtureOfExpertsSpec moe -> {
                    boolean latent = !moe.latent().isNone();
                    if (latent) {
                        layer.bind("latent_down.weight", "ffn_latent_down.weight");
                        layer.bind("latent_up.weight", "ffn_latent_up.weight");
                    }
                    GgufNames.experts(layer, moe, latent ? moe.latent().width() : spec.width());
                }
                default -> throw new IllegalStateException("no " + body.getClass().getSimpleName() + " in this architecture");
            }
        }
    }
}
