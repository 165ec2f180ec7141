package dev.heddle.checkpoint.family;

import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.GatedMlpSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.util.ArrayList;
import java.util.List;

/// `gemma`, `gemma2` and `gemma3`; norms hold w and not w − 1, scores are divided by the root of a head's width.
///
/// The largest Gemma 2 and 3 (27B) divide by another number, which the metadata does not tell: the root of the model's width
/// by its heads. They are known by their number of layers.
final class GgufGemma implements GgufFamily {
    private static final List<String> NAMES = List.of("gemma", "gemma2", "gemma3");

    @Override
    public List<String> architectures() {
        return NAMES;
    }

    @Override
    public ModelSpec spec(GgufConfig gguf, String name) {
        NormSpec norm = gguf.rms();
        int version = NAMES.indexOf(gguf.architecture()) + 1;
        NormSpec postNorm = version == 1 ? NormSpec.NONE : norm;
        GatedMlpSpec mlp = GatedMlpSpec.of(gguf.config().integer("feed_forward_length"), Activation.GELU_TANH);
        boolean[] sliding = sliding(gguf, version);
        List<LayerSpec> blocks = new ArrayList<>();
        for (int i = 0; i < gguf.blocks(); i++) {
            blocks.add(SequenceSpec.of(new ResidualSpec(norm, attention(gguf, version, i, sliding[i]), postNorm, 1),
                    new ResidualSpec(norm, mlp, postNorm, 1)));
        }
        return gguf.model(name, new ModelSpec.EmbeddingSpec(Math.sqrt(gguf.width()), NormSpec.NONE), norm, blocks, 1,
                gguf.config().number("final_logit_softcapping", 0));
    }

    /// Every second block of Gemma 2 sees a window, of Gemma 3 all but every sixth, if the metadata says nothing else.
    private static boolean[] sliding(GgufConfig gguf, int version) {
        String field = "attention.sliding_window_pattern";
        boolean[] sliding = new boolean[gguf.config().integer("block_count")];
        int[] listed = gguf.config().isList(field) ? gguf.config().integerOrEach(field, sliding.length) : new int[0];
        int period = listed.length > 0 ? 1 : gguf.config().integer(field, version == 2 ? 2 : 6);
        if (period <= 0) {
            throw gguf.config().invalid(field, "1 or more");
        }
        boolean windows = version == 2 || version == 3 && gguf.config().integer("attention.sliding_window", 0) > 0;
        for (int i = 0; i < sliding.length; i++) {
            sliding[i] = windows && (listed.length > 0 ? listed[i] != 0 : i % period != period - 1);
        }
        return sliding;
    }

    private static AttentionSpec attention(GgufConfig gguf, int version, int block, boolean sliding) {
        int heads = gguf.heads()[block];
        int headDim = gguf.headDim(heads);
        boolean local = version == 3 && sliding;
        PositionSpec position = local
                ? PositionSpec.Rotary.of(gguf.config().number("rope.freq_base_swa", 10000), headDim) : gguf.rotary(headDim, false);
        AttentionSpec attention = gguf.attention(block, position).withSoftcap(gguf.config().number("attn_logit_softcapping", 0));
        if (sliding) {
            attention = attention.withWindow(gguf.config().integer("attention.sliding_window", 4096));
        }
        if (version == 3) {
            attention = attention.withQueryKeyNorm(gguf.rms());
        }
        boolean largest = version == 2 && gguf.blocks() == 46 || version == 3 && gguf.blocks() == 62;
        return largest ? attention.withScale(1 / Math.sqrt((double) gguf.width() / heads)) : attention;
    }

    @Override
    public void bind(ModelSpec spec, Binder binder) {
        GgufNames.ends(binder, spec);
        for (int i = 0; i < spec.blocks().size(); i++) {
            SequenceSpec block = (SequenceSpec) spec.blocks().get(i);
            Binder layer = GgufNames.block(binder, i);
            ResidualSpec mixer = (ResidualSpec) block.layers().get(0);
            layer.bind("0.norm.weight", "attn_norm.weight").bind("1.norm.weight", "ffn_norm.weight");
            if (!mixer.postNorm().isNone()) {
                layer.bind("0.post_norm.weight", "post_attention_norm.weight").bind("1.post_norm.weight", "post_ffw_norm.weight");
            }
            GgufNames.attention(layer.at("0.", ""), (AttentionSpec) mixer.body());
            GgufNames.mlp(layer.at("1.", ""), (GatedMlpSpec) ((ResidualSpec) block.layers().get(1)).body());
        }
    }
}
