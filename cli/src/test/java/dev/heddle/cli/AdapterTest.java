package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// From a configuration with `lora` to text: the merged model and the base with its adapter say the same.
class AdapterTest {
    @TempDir
    Path folder;

    private Path config(String section) throws Exception {
        Files.writeString(folder.resolve("corpus.txt"), "The cat sat on the mat and sang a song. ".repeat(40));
        return Files.writeString(folder.resolve("train.yaml"), """
                model: %s
                data: [{file: corpus.txt}]
                held_out: 0
                steps: 4
                schedule: {type: constant}
                length: 24
                batch: 2
                optimizer: {rate: 0.02}
                %s
                output: run
                """.formatted(ModelArgument.bundled(), section));
    }

    private static String text(String model, String... more) {
        String[] arguments = new String[more.length + 7];
        System.arraycopy(new String[] {"run", model, "Once upon a time", "-n", "16", "--temp", "0"}, 0, arguments, 0, 7);
        System.arraycopy(more, 0, arguments, 7, more.length);
        CommandLineRun run = CommandLineRun.of(arguments);
        assertEquals(0, run.code(), run.err());
        return run.out();
    }

    @Test
    void theMergedModelAndTheAdapterSayTheSame() throws Exception {
        CommandLineRun train = CommandLineRun.of("train", config("lora: {rank: 4, merge: true}").toString());
        assertEquals(0, train.code(), train.err());
        String base = ModelArgument.bundled().toString();
        String adapted = text(base, "--adapter", folder.resolve("run/adapter").toString());
        assertEquals(text(folder.resolve("run").toString()), adapted);
        assertNotEquals(text(base), adapted);
    }

    @Test
    void withoutMergingOnlyTheAdapterIsWritten() throws Exception {
        CommandLineRun train = CommandLineRun.of("train", config("lora: {rank: 2, targets: [in_proj, o]}").toString());
        assertEquals(0, train.code(), train.err());
        assertTrue(Files.exists(folder.resolve("run/adapter/adapter_config.json")));
        assertTrue(Files.notExists(folder.resolve("run/model.safetensors")));
    }

    @Test
    void badSettingsAreOneClearError() throws Exception {
        refused("lora: {rank: 0}", "rank must be positive");
        refused("lora: {targets: [in_prj]}", "no linear weight is called in_prj, did you mean in_proj?");
        refused("lora: {dropout: 0.1}", "the key \"dropout\" is unknown");
        refused("freeze: [embeding]", "no parameter is called embeding, did you mean embedding?");
        refused("lora: {}\nfreeze: [embedding]", "freeze means nothing beside lora");
        CommandLineRun run = CommandLineRun.of("run", ModelArgument.bundled().toString(), "Once", "--adapter", folder.toString());
        assertEquals(1, run.errors().size(), run.err());
        assertTrue(run.err().contains("is no adapter"), run.err());
    }

    private void refused(String section, String message) throws Exception {
        CommandLineRun train = CommandLineRun.of("train", config(section).toString());
        assertNotEquals(0, train.code());
        assertEquals(1, train.errors().size(), train.err());
        assertTrue(train.err().contains(message), train.err());
    }
}
