package dev.heddle.checkpoint.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.ImageCheckpoint;
import dev.heddle.checkpoint.family.ImageFamilies;
import dev.heddle.checkpoint.zoo.Preset;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.spec.Activation;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.LinearAttentionSpec;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.MixtureOfExpertsSpec.Router;
import dev.heddle.core.spec.MixtureOfLayersSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.S4dSpec;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Layers for design work, and image models, in specification files.
class DesignSpecFileTest {
    private static final String DESIGN = """
            vocabulary: 1000
            width: 64
            final_norm: {kind: rms, epsilon: 1e-5}
            head: {tied: true}
            blocks:
              - {type: s4d}
              - {type: s4d, state: 15, form: real, activation: silu}
              - {type: linear_attention, heads: 4, key_dim: 16}
              - {type: linear_attention, heads: 2, key_dim: 8, value_dim: 32, feature: identity, normalised: false, head_norm: {kind: rms, epsilon: 1e-6}}
              - {type: mixture_of_layers, experts: 4, active: 2, router: {scoring: softmax_then_choose}, expert: {type: mamba1, inner: 128, dt_rank: 4}}
            """;

    @Test
    void designsAreReadAndWritten() {
        ModelSpec spec = SpecFile.parse(DESIGN, "design.yaml", "design");
        List<LayerSpec> expected = List.of(new S4dSpec(64, S4dSpec.Form.LIN, Activation.GELU),
                new S4dSpec(15, S4dSpec.Form.REAL, Activation.SILU), LinearAttentionSpec.of(4, 16),
                new LinearAttentionSpec(2, 8, 32, Activation.IDENTITY, false, 1e-6, NormSpec.rms(1e-6), false),
                new MixtureOfLayersSpec(4, 2, new Mamba1Spec(128, 16, 4, 4, true, false, NormSpec.NONE), Router.softmax()));
        assertEquals(expected, spec.blocks());
        assertEquals(spec, SpecFile.parse(SpecFile.yaml(spec), "yaml", "design"));
    }

    static Stream<Preset> images() {
        return Zoo.presets().stream().filter(preset -> ImageFamilies.of(Zoo.config(preset)).isPresent());
    }

    @ParameterizedTest
    @MethodSource("images")
    void imageModelsSurviveYaml(Preset preset) {
        Config config = Zoo.config(preset);
        ImageModelSpec spec = ImageCheckpoint.spec(config, ImageFamilies.of(config).orElseThrow(), preset.name());
        assertEquals(spec, SpecFile.architecture(SpecFile.yaml(spec), "yaml", preset.name()));
    }
}
