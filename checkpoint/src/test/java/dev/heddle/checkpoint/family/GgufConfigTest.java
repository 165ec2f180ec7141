package dev.heddle.checkpoint.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.gguf.GgufBytes;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.PositionSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.RopeScaling;
import dev.heddle.core.spec.SequenceSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What metadata mean that no converted reference checkpoint has.
class GgufConfigTest {
    @TempDir
    Path folder;

    private static GgufBytes llama() {
        return new GgufBytes().text("general.architecture", "llama").text("general.name", "A Model").uint32("llama.block_count", 3)
                .uint32("llama.embedding_length", 64).uint32("llama.feed_forward_length", 96).uint32("llama.attention.head_count", 2)
                .uint32("llama.attention.head_count_kv", 1).float32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .float32("llama.rope.freq_base", 500000).uint32("llama.context_length", 8192)
                .tensor("token_embd.weight", new float[640], 10, 64);
    }

    private ModelSpec spec(GgufBytes content) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Files.write(folder.resolve("model.gguf"), content.bytes()))) {
            return checkpoint.spec();
        }
    }

    private static AttentionSpec attention(ModelSpec spec) {
        return (AttentionSpec) ((ResidualSpec) ((SequenceSpec) spec.blocks().getFirst()).layers().getFirst()).body();
    }

    private static RopeScaling scaling(ModelSpec spec) {
        return ((PositionSpec.Rotary) attention(spec).position()).scaling();
    }

    private void refused(GgufBytes content, String message) {
        String found = assertThrows(CheckpointException.class, () -> spec(content)).getMessage();
        assertTrue(found.contains(message) && found.startsWith(folder.toString()), found);
    }

    @Test
    void plainFieldsAndTensors() throws IOException {
        ModelSpec spec = spec(llama());
        assertEquals("A Model", spec.name());
        assertEquals(3, spec.blocks().size());
        assertEquals(10, spec.vocabulary());
        assertEquals(8192, spec.context());
        assertTrue(spec.head().tied());
        assertEquals(1e-5, spec.finalNorm().epsilon());
        assertEquals(new PositionSpec.Rotary(500000, 32, true, RopeScaling.NONE), attention(spec).position());
        ModelSpec untied = spec(llama().tensor("output.weight", new float[640], 10, 64).uint32("llama.nextn_predict_layers", 1)
                .tensor("blk.0.attn_q.bias", new float[64], 64).uint32("llama.attention.key_length", 16));
        assertEquals(2, untied.blocks().size());
        assertTrue(!untied.head().tied() && attention(untied).qkvBias() && !attention(untied).outputBias());
        assertEquals(16, attention(untied).headDim());
    }

    /// Llama 3's scaling, worked out by the converter: in this order high frequencies, the passage, low ones.
    @Test
    void divisorsOfFrequenciesAreTheScalingTheyCameFrom() throws IOException {
        RopeScaling.Llama3 original = new RopeScaling.Llama3(8, 1, 4, 8192);
        float[] divisors = new float[16];
        for (int i = 0; i < divisors.length; i++) {
            double frequency = Math.pow(500000, -i / 16.0);
            double wavelength = 2 * Math.PI / frequency;
            double smooth = (8192 / wavelength - 1) / (4 - 1);
            divisors[i] = (float) (wavelength < 8192 / 4.0 ? 1 : wavelength > 8192 ? 8 : 1 / ((1 - smooth) / 8 + smooth));
        }
        ModelSpec spec = spec(llama().tensor("rope_freqs.weight", divisors, 16));
        assertArrayEquals(original.frequencies(500000, 32), scaling(spec).frequencies(500000, 32), 1e-7f);
        refused(llama().tensor("rope_freqs.weight", new float[16], 16), "ropeScaling.divisors must be positive, not 0.0");
        refused(llama().tensor("rope_freqs.weight", divisors, 2, 8).uint32("llama.rope.dimension_count", 16),
                "rotary.scaling.divisors are 16, expected one for each of the 8 pairs of rotary.dimensions");
    }

    @Test
    void scalingsByName() throws IOException {
        assertEquals(new RopeScaling.Linear(4), scaling(spec(llama().text("llama.rope.scaling.type", "linear")
                .float32("llama.rope.scaling.factor", 4))));
        assertEquals(new RopeScaling.Yarn(4, 32, 1, 2048, 0.1 * Math.log(4) + 1), scaling(spec(llama()
                .text("llama.rope.scaling.type", "yarn").float32("llama.rope.scaling.factor", 4)
                .uint32("llama.rope.scaling.original_context_length", 2048))));
        assertEquals(RopeScaling.NONE, scaling(spec(llama().text("llama.rope.scaling.type", "none")
                .float32("llama.rope.scaling.factor", 4))));
        refused(llama().text("llama.rope.scaling.type", "longrope"), "rope.scaling.type is the string \"longrope\", expected one of none, linear, yarn");
    }

    @Test
    void contradictionsAreNamed() {
        refused(new GgufBytes(), "the metadata has no general.architecture");
        refused(new GgufBytes().text("general.architecture", "bert"), "general.architecture is \"bert\", which is not supported");
        refused(new GgufBytes().text("general.architecture", "mamba"), "none of the fields attention.layer_norm_rms_epsilon, attention.layer_norm_epsilon is there");
        refused(llama().uint32("llama.nextn_predict_layers", 4), "nextn_predict_layers is the number 4, expected at most block_count (3)");
        refused(llama().int32s("llama.attention.head_count_kv.x", 1).raw("llama.attention.value_length", 4, new byte[] {9, 0, 0, 0}),
                "attention.value_length is the number 9, expected that of keys, 32");
        refused(new GgufBytes().text("general.architecture", "jamba").uint32("jamba.block_count", 1 << 20), "expected at most 10000");
        refused(llama().tensor("blk.0.ffn_gate_inp.weight", new float[256], 4, 64).uint32("llama.expert_count", 5),
                "expert_count is the number 5, expected that of the router of block 0, 4");
    }
}
