package dev.heddle.checkpoint.family;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.BidirectionalAttentionSpec;
import dev.heddle.core.spec.ConvolutionStageSpec;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.ImageStageSpec;
import dev.heddle.core.spec.LayerScaleSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MambaVisionMixerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MlpSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import dev.heddle.core.spec.StagedBackboneSpec;
import dev.heddle.core.spec.WindowStageSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// MambaVision (Hatamizadeh & Kautz 2024): two stages of convolutions, then two of windows whose first blocks scan and whose
/// last blocks attend. The hub's files put `model.` before every name, the authors' archives do not.
final class MambaVision implements ImageFamily {
    private static final int STATE = 8;
    private static final int CONV = 3;

    @Override
    public String name() {
        return "mambavision";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals(name())
                : config.isList("depths") && config.isList("window_size") && config.has("in_dim");
    }

    @Override
    public ImageModelSpec spec(Config config, String name) {
        int[] depths = config.integers("depths");
        int[] heads = each(config, "num_heads", depths.length);
        int[] windows = each(config, "window_size", depths.length);
        int width = config.integer("dim");
        boolean scaled = config.has("layer_scale");
        List<ImageStageSpec> stages = new ArrayList<>();
        for (int i = 0; i < depths.length; i++) {
            stages.add(i < 2 ? new ConvolutionStageSpec(depths[i], 3, Activation.GELU_TANH, config.has("layer_scale_conv"))
                    : new WindowStageSpec(windows[i], blocks(config, depths[i], Math.multiplyExact(width, 1 << i), heads[i], scaled)));
        }
        return new ImageModelSpec(name, name(), config.integer("in_chans", 3),
                ImagePreprocessing.size(config, 224, "resolution", "img_size", "input_size"), ImagePreprocessing.classes(config),
                new StagedBackboneSpec(config.integer("in_dim"), 1e-4, width, stages, 1e-5),
                ImagePreprocessing.of(config, publishedCropRatio(depths)));
    }

    private static int[] each(Config config, String name, int stages) {
        int[] values = config.integers(name);
        if (values.length != stages) {
            throw config.invalid(name, stages + " values, one for each of depths");
        }
        return values;
    }

    private static List<LayerSpec> blocks(Config config, int depth, int width, int heads, boolean scaled) {
        if (heads < 1 || width % heads != 0) {
            throw config.invalid("num_heads", "divisors of the stages' widths, the last of which is " + width);
        }
        List<LayerSpec> blocks = new ArrayList<>();
        for (int j = 0; j < depth; j++) {
            MixerSpec mixer = j >= (depth % 2 == 0 ? depth / 2 : depth / 2 + 1)
                    ? new BidirectionalAttentionSpec(heads, width / heads, config.flag("qkv_bias", true), true)
                    : new MambaVisionMixerSpec(width, STATE, CONV, (width + 15) / 16);
            MlpSpec mlp = new MlpSpec((int) (width * config.number("mlp_ratio", 4)), Activation.GELU, true);
            NormSpec norm = NormSpec.layer(1e-5);
            blocks.add(SequenceSpec.of(ResidualSpec.of(norm, scaled ? new LayerScaleSpec(mixer) : mixer),
                    ResidualSpec.of(norm, scaled ? new LayerScaleSpec(mlp) : mlp)));
        }
        return blocks;
    }

    /// The share of a scaled picture that the authors evaluated T2 and S with; all other sizes see it whole. Their
    /// configurations on the hub say it as `crop_pct`.
    private static double publishedCropRatio(int[] depths) {
        return switch (Arrays.toString(depths)) {
            case "[1, 3, 11, 4]" -> 0.98;
            case "[3, 3, 7, 5]" -> 0.93;
            default -> 1;
        };
    }

    @Override
    public void bind(Config config, ImageModelSpec spec, Binder root) {
        Binder binder = root.has("model.patch_embed.conv_down.0.weight") ? root.at("", "model.") : root;
        StagedBackboneSpec backbone = (StagedBackboneSpec) spec.backbone();
        for (int i = 0; i < 2; i++) {
            binder.bind("stem." + i + ".conv.weight", "patch_embed.conv_down." + 3 * i + ".weight");
            bindBatchNorm(binder, "stem." + i + ".norm", "patch_embed.conv_down." + (3 * i + 1));
        }
        for (int i = 0; i < backbone.stages().size(); i++) {
            Binder stage = binder.at("stages." + i + ".", "levels." + i + ".");
            for (int j = 0; j < backbone.stages().get(i).depth(); j++) {
                Binder block = stage.at(j + ".", "blocks." + j + ".");
                switch (backbone.stages().get(i)) {
                    case ConvolutionStageSpec convolutions -> bindConvolutions(block, convolutions);
                    case WindowStageSpec windows -> bindBlock(block, (SequenceSpec) windows.blocks().get(j));
                }
            }
            if (i + 1 < backbone.stages().size()) {
                stage.bind("reduce.weight", "downsample.reduction.0.weight");
            }
        }
        bindBatchNorm(binder, "norm", "norm");
        binder.bindLinear("head", "head", true);
    }

    private static void bindBatchNorm(Binder binder, String parameter, String tensor) {
        for (String part : List.of("weight", "bias", "running_mean", "running_var")) {
            binder.bind(parameter + "." + part, tensor + "." + part);
        }
        binder.ignore(tensor + ".num_batches_tracked");
    }

    private static void bindConvolutions(Binder block, ConvolutionStageSpec spec) {
        for (int k = 1; k <= 2; k++) {
            block.bindLinear("conv" + k, "conv" + k, true);
            bindBatchNorm(block, "norm" + k, "norm" + k);
        }
        if (spec.scaled()) {
            block.bind("gamma", "gamma");
        }
    }

    private static void bindBlock(Binder block, SequenceSpec spec) {
        for (int k = 0; k < 2; k++) {
            block.bindLinear(k + ".norm", "norm" + (k + 1), true);
            LayerSpec body = ((ResidualSpec) spec.layers().get(k)).body();
            if (body instanceof LayerScaleSpec scaled) {
                block.bind(k + ".gamma", "gamma_" + (k + 1));
                body = scaled.body();
            }
            Binder part = block.at(k + ".", k == 0 ? "mixer." : "mlp.");
            switch (body) {
                case MambaVisionMixerSpec mixer -> bindMixer(part, mixer);
                case BidirectionalAttentionSpec attention -> bindAttention(part, attention);
                default -> part.bindLinear("up", "fc1", true).bindLinear("down", "fc2", true);
            }
        }
    }

    private static void bindMixer(Binder part, MambaVisionMixerSpec mixer) {
        int half = mixer.inner() / 2;
        part.bindRows("in_x.weight", "in_proj.weight", 0, half).bindRows("in_z.weight", "in_proj.weight", half, mixer.inner());
        part.bind("conv_x.weight", "conv1d_x.weight").bind("conv_z.weight", "conv1d_z.weight");
        part.bind("x_proj.weight", "x_proj.weight").bindLinear("dt_proj", "dt_proj", true);
        part.bind("A_log", "A_log").bind("D", "D").bind("out_proj.weight", "out_proj.weight");
    }

    private static void bindAttention(Binder part, BidirectionalAttentionSpec attention) {
        int width = attention.heads() * attention.headDim();
        for (int m = 0; m < 3; m++) {
            String name = List.of("q", "k", "v").get(m);
            part.bindRows(name + ".weight", "qkv.weight", (long) m * width, (m + 1L) * width);
            if (attention.qkvBias()) {
                part.bindRows(name + ".bias", "qkv.bias", (long) m * width, (m + 1L) * width);
            }
        }
        part.bindLinear("o", "proj", true);
    }
}
