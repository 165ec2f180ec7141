package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.core.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogitsCommandTest {
    private static final String IDS = "[[1, 5, 9, 100, 7, 33, 2, 64], [3, 4, 5]]";

    @TempDir
    Path folder;

    private static String fixture(String name) {
        return Path.of(System.getProperty("heddle.repository"), "testdata/fixtures", name).toString();
    }

    private Path logits(String output, String... options) throws Exception {
        Path tokens = Files.writeString(folder.resolve("ids.json"), IDS);
        Path file = folder.resolve(output);
        String[] arguments = new String[options.length + 6];
        System.arraycopy(new String[] {"logits", fixture("jamba"), "--tokens", tokens.toString(), "--output", file.toString()}, 0,
                arguments, 0, 6);
        System.arraycopy(options, 0, arguments, 6, options.length);
        CommandLineRun run = CommandLineRun.of(arguments);
        assertEquals(0, run.code(), run.err());
        double loss = Double.parseDouble(run.out().split(" ")[1]);
        assertEquals(loss(file), loss, 1e-5);
        assertTrue(run.out().endsWith(" nats over 9 predictions\n"), run.out());
        return file;
    }

    private static double loss(Path file) {
        int[][] ids = {{1, 5, 9, 100, 7, 33, 2, 64}, {3, 4, 5}};
        double sum = 0;
        for (int s = 0; s < ids.length; s++) {
            float[][] rows = rows(file, "logits." + s);
            for (int t = 0; t + 1 < ids[s].length; t++) {
                double total = 0;
                for (float logit : rows[t]) {
                    total += Math.exp(logit);
                }
                sum += Math.log(total) - rows[t][ids[s][t + 1]];
            }
        }
        return sum / 9;
    }

    private static float[][] rows(Path file, String name) {
        try (Safetensors tensors = Safetensors.open(file)) {
            Tensor tensor = tensors.tensor(name);
            float[][] rows = new float[(int) tensor.rows()][(int) tensor.columns()];
            for (int r = 0; r < rows.length; r++) {
                for (int c = 0; c < rows[r].length; c++) {
                    rows[r][c] = tensor.get((long) r * rows[r].length + c);
                }
            }
            return rows;
        }
    }

    @Test
    void writesTheLogitsOfEverySequence() throws Exception {
        Path file = logits("alone.safetensors");
        assertEquals(8, rows(file, "logits.0").length);
        assertEquals(128, rows(file, "logits.0")[0].length);
        assertEquals(3, rows(file, "logits.1").length);
    }

    @Test
    void togetherIsTheSameToTheBit() throws Exception {
        Path alone = logits("alone.safetensors");
        Path together = logits("together.safetensors", "--together");
        for (String name : new String[] {"logits.0", "logits.1"}) {
            assertArrayEquals(rows(alone, name), rows(together, name));
        }
    }

    @Test
    void decodeAgreesWithPrefill() throws Exception {
        float[][] prefill = rows(logits("alone.safetensors"), "logits.0");
        float[][] decode = rows(logits("decode.safetensors", "--decode-from", "2", "--together"), "logits.0");
        for (int t = 0; t < prefill.length; t++) {
            assertArrayEquals(prefill[t], decode[t], 1e-4f, "row " + t);
        }
    }

    @Test
    void gradientsAreWrittenUnderTheCheckpointsNames() throws Exception {
        Path tokens = Files.writeString(folder.resolve("ids.json"), IDS);
        Path file = folder.resolve("grads.safetensors");
        CommandLineRun run = CommandLineRun.of("grads", fixture("mamba"), "--tokens", tokens.toString(), "--output", file.toString());
        assertEquals(0, run.code(), run.err());
        try (Safetensors model = Safetensors.open(Path.of(fixture("mamba"), "model.safetensors"));
                Safetensors gradients = Safetensors.open(file)) {
            assertTrue(gradients.names().containsAll(model.names()), gradients.names().toString());
        }
    }

    @Test
    void badTokensAreSaidAndNothingIsWritten() throws Exception {
        Path output = folder.resolve("out.safetensors");
        for (String content : new String[] {"{}", "[[1, 128]]", "[[-1]]", "[[1.5]]", "[", "[[]]", "[]"}) {
            Path tokens = Files.writeString(folder.resolve("bad.json"), content);
            CommandLineRun run = CommandLineRun.of("logits", fixture("jamba"), "--tokens", tokens.toString(), "--output",
                    output.toString());
            assertEquals(1, run.code(), content);
            assertEquals(1, run.err().lines().count(), run.err());
            assertTrue(run.err().startsWith("heddle: ") && run.err().contains("bad.json"), run.err());
            assertFalse(Files.exists(output));
        }
    }

    @Test
    void tokenizeShowsIdsAndPieces() {
        CommandLineRun run = CommandLineRun.of("tokenize", "Once upon");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().lines().findFirst().orElseThrow().strip().startsWith("1 "), run.out());
        CommandLineRun json = CommandLineRun.of("tokenize", "Once upon", "--json", "--no-special");
        assertTrue(json.out().startsWith("{\"ids\":["), json.out());
    }

    @Test
    void benchMeasuresPrefillAndDecode() {
        CommandLineRun run = CommandLineRun.of("bench", "--random", fixture("jamba"), "-p", "8", "-n", "4", "-r", "2", "--warm-up", "0",
                "--json");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().contains("\"test\" : \"pp8\"") && run.out().contains("\"test\" : \"tg4\""), run.out());
        String text = CommandLineRun.of("bench", fixture("jamba"), "-p", "8", "-n", "0", "-r", "1", "--warm-up", "0").out();
        assertTrue(text.contains("limits of this machine") && text.contains("pp8") && !text.contains("tg"),
                text.toLowerCase(Locale.ROOT));
    }
}
