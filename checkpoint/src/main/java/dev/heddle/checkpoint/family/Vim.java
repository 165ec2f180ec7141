package dev.heddle.checkpoint.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.spec.BidirectionalMambaSpec;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PatchBackboneSpec;
import dev.heddle.core.spec.PatchBackboneSpec.ClassToken;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.Collections;
import java.util.Optional;

/// Vision Mamba (Zhu et al. 2024): patches, a class token in their middle, and residual bidirectional Mamba layers of
/// type v2. Published as a PyTorch archive without a configuration; its tensors tell the rest.
final class Vim implements ImageFamily {
    private static final int SIZE = 224;

    @Override
    public String name() {
        return "vim";
    }

    @Override
    public boolean accepts(Config config) {
        return config.has("model_type") ? config.string("model_type").equals(name())
                : config.has("bimamba_type") && config.has("embed_dim") && config.has("patch_size");
    }

    @Override
    public Optional<Config> infer(WeightSource weights) {
        if (!weights.contains("patch_embed.proj.weight") || !weights.contains("layers.0.mixer.A_b_log")
                || !weights.contains("pos_embed") || !weights.contains("head.weight")) {
            return Optional.empty();
        }
        Tensor patch = weights.tensor("patch_embed.proj.weight");
        Tensor positions = weights.tensor("pos_embed");
        Tensor rates = weights.tensor("layers.0.mixer.A_log");
        if (patch.rank() != 4 || positions.rank() != 3 || rates.rank() != 2) {
            return Optional.empty();
        }
        boolean classToken = weights.contains("cls_token");
        int patchSize = (int) patch.dim(3);
        int grid = (int) Math.round(Math.sqrt(positions.dim(1) - (classToken ? 1 : 0)));
        ObjectNode json = Json.object();
        json.put("model_type", name());
        json.put("patch_size", patchSize);
        // stride and size are not stored, but the grid is: one that overflows 224 × 224 pixels is of patches that overlap
        boolean apart = grid * patchSize <= SIZE || (SIZE - patchSize) % (grid - 1) != 0;
        json.put("stride", apart ? patchSize : (SIZE - patchSize) / (grid - 1));
        json.put("img_size", apart ? grid * patchSize : SIZE);
        json.put("channels", patch.dim(1));
        json.put("embed_dim", patch.dim(0));
        json.put("d_state", rates.dim(1));
        json.put("expand", (int) (rates.dim(0) / patch.dim(0)));
        json.put("d_conv", weights.tensor("layers.0.mixer.conv1d.weight").columns());
        json.put("num_classes", weights.tensor("head.weight").dim(0));
        json.put("rms_norm", !weights.contains("norm_f.bias"));
        json.put("if_cls_token", classToken);
        json.put("use_middle_cls_token", true);
        json.put("if_divide_out", true);
        int depth = 0;
        while (weights.contains("layers." + depth + ".mixer.A_log")) {
            depth++;
        }
        json.put("depth", depth);
        return Optional.of(Config.of(json, weights.describe()));
    }

    @Override
    public ImageModelSpec spec(Config config, String name) {
        refuse(config, "if_rope", "if_rope_residual", "if_bidirectional", "use_double_cls_token", "flip_img_sequences_ratio");
        if (!config.string("bimamba_type", "v2").equals("v2")) {
            throw config.invalid("bimamba_type", "\"v2\"");
        }
        int width = config.integer("embed_dim");
        Mamba1Spec scan = new Mamba1Spec(config.integer("expand", 2) * width, config.integer("d_state", 16),
                config.integer("d_conv", 4), config.isNumber("dt_rank") ? config.integer("dt_rank") : (width + 15) / 16,
                true, false, NormSpec.NONE);
        double epsilon = config.number("norm_epsilon", 1e-5);
        NormSpec norm = config.flag("rms_norm", true) ? NormSpec.rms(epsilon) : NormSpec.layer(epsilon);
        LayerSpec block = ResidualSpec.of(norm, new BidirectionalMambaSpec(scan, config.flag("if_divide_out", false) ? 0.5 : 1));
        ClassToken classToken = !config.flag("if_cls_token", false) ? ClassToken.NONE
                : config.flag("use_middle_cls_token", false) ? ClassToken.MIDDLE : ClassToken.FIRST;
        if (classToken == ClassToken.NONE && !config.string("final_pool_type", "mean").equals("mean")) {
            throw config.invalid("final_pool_type", "\"mean\" where there is no class token");
        }
        int patch = config.integer("patch_size");
        return new ImageModelSpec(name, name(), config.integerAnyOr(3, "channels", "in_chans"),
                ImagePreprocessing.size(config, SIZE, "img_size"), ImagePreprocessing.classes(config),
                new PatchBackboneSpec(patch, config.integer("stride", patch), width, classToken,
                        config.flag("if_abs_pos_embed", true), Collections.nCopies(config.integer("depth"), block), norm),
                ImagePreprocessing.of(config, 0.875));
    }

    private static void refuse(Config config, String... names) {
        for (String name : names) {
            boolean set = config.isFlag(name) ? config.flag(name) : config.number(name, 0) > 0;
            if (set) {
                throw config.invalid(name, "false; models that set it are not supported");
            }
        }
    }

    @Override
    public void bind(Config config, ImageModelSpec spec, Binder binder) {
        PatchBackboneSpec backbone = (PatchBackboneSpec) spec.backbone();
        binder.bindLinear("patch", "patch_embed.proj", true).bindLinear("head", "head", true);
        if (backbone.classToken() != ClassToken.NONE) {
            binder.bind("class_token", "cls_token");
        }
        if (backbone.positions()) {
            binder.bind("positions", "pos_embed");
        }
        bindNorm(binder, "norm", "norm_f", backbone.finalNorm());
        for (int i = 0; i < backbone.blocks().size(); i++) {
            ResidualSpec block = (ResidualSpec) backbone.blocks().get(i);
            Binder layer = binder.at("blocks." + i + ".", "layers." + i + ".");
            bindNorm(layer, "norm", "norm", block.preNorm());
            Mamba1Spec scan = ((BidirectionalMambaSpec) block.body()).scan();
            Binder mixer = layer.at("", "mixer.");
            mixer.bindRows("in_x.weight", "in_proj.weight", 0, scan.inner());
            mixer.bindRows("in_z.weight", "in_proj.weight", scan.inner(), 2L * scan.inner());
            bindDirection(mixer.at("forward.", ""), "", "A_log");
            bindDirection(mixer.at("backward.", ""), "_b", "A_b_log");
            mixer.bind("out_proj.weight", "out_proj.weight");
        }
    }

    private static void bindNorm(Binder binder, String parameter, String tensor, NormSpec norm) {
        binder.bind(parameter + ".weight", tensor + ".weight");
        if (norm.bias()) {
            binder.bind(parameter + ".bias", tensor + ".bias");
        }
    }

    private static void bindDirection(Binder mixer, String ending, String rates) {
        mixer.bindLinear("conv", "conv1d" + ending, true);
        mixer.bind("x_proj.weight", "x_proj" + ending + ".weight");
        mixer.bindLinear("dt_proj", "dt_proj" + ending, true);
        mixer.bind("A_log", rates);
        mixer.bind("D", "D" + ending);
    }
}
