package dev.heddle.checkpoint.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.family.Families;
import dev.heddle.checkpoint.zoo.Zoo;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.core.spec.SequenceSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SpecFileTest {
    private static final String HEAD = """
            vocabulary: 1000
            width: 64
            final_norm: norm
            head: {tied: true}
            define:
              norm: {kind: rms, epsilon: 1e-5}
              attention: {type: residual, pre_norm: norm, body: {type: attention, heads: 4, kv_heads: 2, head_dim: 16}}
              mamba: {type: residual, pre_norm: norm, body: {type: mamba1, inner: 128, dt_rank: 4}}
              mlp: {type: residual, pre_norm: norm, body: {type: gated_mlp, inner: 256}}
              A: [attention, mlp]
              M: [mamba, mlp]
            """;

    static Stream<Config> configurations() throws IOException {
        try (Stream<Path> fixtures = Files.list(Repository.fixtures())) {
            return Stream.concat(Zoo.presets().stream().map(Zoo::config),
                    fixtures.map(folder -> folder.resolve("config.json")).filter(Files::exists).sorted().map(Config::read))
                    .filter(config -> Families.all().stream().anyMatch(family -> family.accepts(config))).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void everyArchitectureSurvivesYamlAndJson(Config config) {
        ModelSpec spec = Checkpoint.spec(config, Families.of(config), "round trip");
        String yaml = SpecFile.yaml(spec);
        assertEquals(spec, SpecFile.parse(yaml, "yaml", "other"), yaml);
        assertEquals(spec, SpecFile.parse(SpecFile.json(spec).toPrettyString(), "json", "other"));
    }

    private static ModelSpec parse(String blocks) {
        return SpecFile.parse(HEAD + blocks, "tiny.yaml", "tiny");
    }

    private static String layers(String blocks) {
        StringBuilder letters = new StringBuilder();
        for (LayerSpec block : parse(blocks).blocks()) {
            LayerSpec mixer = ((ResidualSpec) ((SequenceSpec) block).layers().getFirst()).body();
            letters.append(mixer instanceof AttentionSpec ? 'A' : 'M');
        }
        return letters.toString();
    }

    @Test
    void blocksMayBeWrittenCompactly() {
        assertEquals("MMMAMMMAMMMAMMMA", layers("blocks: {pattern: MMMA*4}"));
        assertEquals("MMMAMMMAM", layers("blocks: {pattern: \"(M*3 A)*2 M\"}"));
        assertEquals("MMA", layers("blocks: {pattern: MNA, N: [mamba, mlp]}"));
        assertEquals("AAA", layers("blocks: {repeat: 3, block: A}"));
        assertEquals("MAMAA", layers("blocks: [{repeat: 2, blocks: [M, A]}, A]"));
        assertEquals("MMMMAMMMMMMMAMMM", layers("""
                blocks:
                  repeat: 16
                  block:
                    - {period: 8, offset: 4, layer: attention, otherwise: mamba}
                    - mlp
                """));
        ModelSpec jamba = parse("blocks: {repeat: 8, block: [{period: 8, offset: 4, layer: attention, otherwise: mamba}, mlp]}");
        assertEquals(jamba, parse("blocks: [M, M, M, M, A, M, M, M]"));
    }

    @Test
    void whatIsLeftOutTakesItsDefault() {
        ModelSpec spec = SpecFile.parse(HEAD.replace("kv_heads: 2, ", "") + "blocks: [A]", "tiny.yaml", "tiny");
        assertEquals("tiny", spec.name());
        assertEquals("heddle", spec.family());
        AttentionSpec attention = (AttentionSpec) ((ResidualSpec) ((SequenceSpec) spec.blocks().getFirst()).layers().getFirst()).body();
        assertEquals(AttentionSpec.of(4, 4, 16, dev.heddle.core.spec.PositionSpec.NONE), attention);
    }

    @Test
    void writesBlocksCompactly() {
        String yaml = SpecFile.yaml(parse("blocks: {pattern: MMMA*4}"));
        assertTrue(yaml.contains("  pattern: MMMA*4\n"), yaml);
        assertTrue(SpecFile.yaml(parse("blocks: {pattern: M*5}")).contains("  repeat: 5\n"));
    }

    private static void refused(String message, String text) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> SpecFile.parse(text, "tiny.yaml", "tiny"));
        assertEquals(message, e.getMessage());
    }

    @Test
    void errorsSayLineColumnAndPath() {
        String blocks = """
                vocabulary: 1000
                width: 64
                final_norm: none
                head: {tied: true}
                blocks:
                  - type: residual
                    pre_norm: none
                    body: {type: attention, heads: 4, kv_heads: 2, head_dim: 16}
                """;
        assertEquals(1, SpecFile.parse(blocks, "tiny.yaml", "tiny").blocks().size());
        refused("tiny.yaml:8:36: blocks[0].body.heads is the string \"x\", expected a whole number", blocks.replace("heads: 4", "heads: x"));
        refused("tiny.yaml:8:36: blocks[0].body.heads is the number 4.5, expected a whole number", blocks.replace("heads: 4,", "heads: 4.5,"));
        refused("tiny.yaml:8:36: blocks[0].body.heads (5) must be a multiple of attention.kv_heads (2)", blocks.replace("heads: 4", "heads: 5"));
        refused("tiny.yaml:8:11: blocks[0].body.head_dim is missing", blocks.replace(", head_dim: 16", ""));
        CheckpointException key = assertThrows(CheckpointException.class,
                () -> SpecFile.parse(blocks.replace("kv_heads", "kv_head"), "tiny.yaml", "tiny"));
        assertTrue(key.getMessage().startsWith("tiny.yaml:8:48: blocks[0].body: the key \"kv_head\" is unknown, did you mean "
                + "kv_heads?; known are heads, kv_heads, head_dim, "), key.getMessage());
        CheckpointException type = assertThrows(CheckpointException.class,
                () -> SpecFile.parse(blocks.replace("type: attention", "type: atention"), "tiny.yaml", "tiny"));
        assertTrue(type.getMessage().startsWith("tiny.yaml:8:18: blocks[0].body.type is the string \"atention\", expected one of residual, "));
        assertTrue(type.getMessage().endsWith(", did you mean attention?"), type.getMessage());
        refused("tiny.yaml:6:5: blocks[0].pre_norm is missing", blocks.replace("    pre_norm: none\n", ""));
        refused("tiny.yaml:1:1: vocabulary is missing", blocks.replace("vocabulary: 1000\n", ""));
        refused("tiny.yaml:4:7: head.tied is missing", blocks.replace("{tied: true}", "{}"));
        refused("tiny.yaml:4:14: head.tied is the number 1, expected true or false", blocks.replace("tied: true", "tied: 1"));
        refused("tiny.yaml:3:13: final_norm is the string \"nome\", expected a mapping or one of the names none",
                blocks.replace("final_norm: none", "final_norm: nome"));
        refused("tiny.yaml:3:20: final_norm: the key \"type\" is unknown; known are kind, epsilon, weighted, bias, unit_offset",
                blocks.replace("final_norm: none", "final_norm: {type: rms, kind: rms, epsilon: 0}"));
        refused("tiny.yaml:2:8: width must be positive, not 0", blocks.replace("width: 64", "width: 0"));
    }

    @Test
    void compactFormsAreChecked() {
        List.of("MMM*", "MM)", "(MM", "M#", "M*9999999", "M*999999").forEach(pattern -> {
            String message = assertThrows(CheckpointException.class, () -> parse("blocks: {pattern: \"" + pattern + "\"}")).getMessage();
            assertTrue(message.startsWith("tiny.yaml:12:19: blocks.pattern "), message);
        });
        refused("tiny.yaml:12:19: blocks.pattern uses the letter X, which is neither a key beside it nor a definition",
                HEAD + "blocks: {pattern: MX}");
        refused("tiny.yaml:12:18: blocks.repeat must be at least 1, not 0", HEAD + "blocks: {repeat: 0, block: M}");
        refused("tiny.yaml:12:18: blocks.repeat makes more than 100000 blocks", HEAD + "blocks: {repeat: 2000000000, block: M}");
        refused("tiny.yaml:12:28: blocks[0].offset must be from 0 to 2, not 3",
                HEAD + "blocks: {repeat: 3, block: {period: 3, offset: 3, layer: M, otherwise: A}}");
        refused("tiny.yaml:12:10: blocks[0] names a definition that leads back to itself",
                HEAD.replace("A: [attention, mlp]", "A: B").replace("M: [mamba, mlp]", "B: A") + "blocks: [A]");
    }

    @Test
    void hostileTextsAreRefused() {
        for (String text : List.of("", "[1, 2]", "{", "a: &x 1", "a: *x", "a: !!java.lang.String x", "[".repeat(5000),
                "a:\n  b: 1\n b: 2", "a: 1\na: 2", "--- 1\n--- 2", "{\"a\": 1} {", "\u0000")) {
            CheckpointException e = assertThrows(CheckpointException.class, () -> SpecFile.parse(text, "hostile", "tiny"), text);
            assertTrue(e.getMessage().startsWith("hostile"), e.getMessage());
        }
    }
}
