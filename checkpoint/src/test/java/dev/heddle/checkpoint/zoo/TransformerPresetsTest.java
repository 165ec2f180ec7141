package dev.heddle.checkpoint.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.Families;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The transformer baselines among the presets against the sizes their checkpoints have on the hub, tied heads counted
/// once.
class TransformerPresetsTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource({"mixtral-8x7b, 46702792704", "mistral-7b-v0.1, 7241732096", "llama-2-7b, 6738415616",
            "llama-3.1-8b, 8030261248", "llama-3.2-1b, 1235814400", "gemma-2b, 2506172416", "gemma-7b, 8537680896",
            "gemma-2-2b, 2614341888", "gemma-2-9b, 9241705984", "gemma-2-27b, 27227128320", "gemma-3-1b, 999885952",
            "gemma-3-270m, 268098176", "qwen2.5-0.5b, 494032768", "qwen2.5-1.5b, 1543714304", "qwen2.5-7b, 7615616512",
            "qwen3-0.6b, 596049920", "qwen3-4b, 4022468096", "qwen3-8b, 8190735360", "qwen3-14b, 14768307200",
            "qwen3-32b, 32762123264"})
    void totalIsThePublishedOne(String name, long total) {
        Preset preset = Zoo.presets().stream().filter(candidate -> candidate.name().equals(name)).findFirst().orElseThrow();
        Config config = Zoo.config(preset);
        Model model = new Model(Families.of(config).spec(config, name), new ShapeOnly(DType.BF16));
        assertEquals(total, model.parameters().values().stream().mapToLong(tensor -> tensor.elements()).sum());
    }
}
