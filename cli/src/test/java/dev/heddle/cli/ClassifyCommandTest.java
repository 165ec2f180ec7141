package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.engine.image.Picture;
import dev.heddle.engine.image.PictureFile;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassifyCommandTest {
    private static final double[] MEAN = {0.485, 0.456, 0.406};
    private static final double[] DEVIATION = {0.229, 0.224, 0.225};

    @TempDir
    Path folder;

    private static String path(String relative) {
        return Path.of(System.getProperty("heddle.repository"), "testdata", relative).toString();
    }

    private static CommandLineRun run(String... arguments) {
        CommandLineRun run = CommandLineRun.of(arguments);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private static float[] tensor(Path file, String name) {
        try (Safetensors tensors = Safetensors.open(file)) {
            return tensors.tensor(name).toFloats();
        }
    }

    /// Normalises a square that Pillow made for the vim fixture (24 pixels, of which 27 are cut) and writes it down.
    private Path pixels(String square) {
        Picture picture = PictureFile.read(Path.of(path(square)));
        assertEquals(24, picture.width());
        float[] values = new float[3 * 24 * 24];
        for (int i = 0; i < values.length; i++) {
            int c = i / (24 * 24);
            values[i] = (float) ((picture.at(i % 24, i / 24 % 24, c) / 255.0 - MEAN[c]) / DEVIATION[c]);
        }
        Path file = folder.resolve("pixels.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter.write(file, Map.of("pixel_values", Tensor.of(arena, values, 1, 3, 24, 24)), Map.of());
        }
        return file;
    }

    @Test
    void aPictureIsPreparedAsPublishedAndItsClassesAreThoseOfTheLogits() throws Exception {
        Path logitsFile = folder.resolve("logits.safetensors");
        CommandLineRun logitsRun = run("logits", path("fixtures/vim"), "--pixels", pixels("images/expected-4.png").toString(), "--output",
                logitsFile.toString());
        assertTrue(logitsRun.out().startsWith("no labels"), logitsRun.out());
        float[] logits = tensor(logitsFile, "logits");
        double sum = 0;
        for (float one : logits) {
            sum += Math.exp(one);
        }
        CommandLineRun run = run("classify", path("fixtures/vim"), path("images/tall.png"), path("images/wide.png"), "--top", "11", "--json");
        JsonNode list = new ObjectMapper().readTree(run.out());
        assertEquals(2, list.size());
        assertEquals(path("images/tall.png"), list.get(0).get("image").asText());
        JsonNode predictions = list.get(0).get("predictions");
        assertEquals(11, predictions.size());
        double total = 0;
        double last = 1;
        for (JsonNode one : predictions) {
            double probability = one.get("probability").asDouble();
            assertEquals(Math.exp(logits[one.get("class").asInt()]) / sum, probability, 2e-6);
            assertTrue(probability <= last);
            last = probability;
            total += probability;
        }
        assertEquals(1, total, 1e-9);
        assertFalse(list.get(1).get("predictions").equals(predictions));
    }

    @Test
    void labelsOfTheConfigurationAreShown() throws Exception {
        ObjectNode config = (ObjectNode) new ObjectMapper().readTree(Path.of(path("fixtures/vim/config.json")).toFile());
        ObjectNode labels = config.putObject("id2label");
        for (int i = 0; i < 11; i++) {
            labels.put(Integer.toString(i), "animal number " + i);
        }
        Files.writeString(folder.resolve("config.json"), config.toString());
        Files.copy(Path.of(path("fixtures/vim/model.safetensors")), folder.resolve("model.safetensors"));
        List<String> named = run("classify", folder.toString(), path("images/tall.png")).out().lines().toList();
        List<String> numbered = run("classify", path("fixtures/vim"), path("images/tall.png")).out().lines().toList();
        assertEquals(6, named.size());
        assertEquals(path("images/tall.png"), named.getFirst());
        assertTrue(named.get(1).matches(" +\\d+\\.\\d\\d %  animal number \\d+"), named.get(1));
        assertEquals(named.stream().map(line -> line.replace("animal number", "class")).toList(), numbered);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"vim", "mambavision"})
    void comparisonsReproduceTheFixture(String fixture) throws Exception {
        Path golden = Path.of(path("fixtures/" + fixture), "golden.safetensors");
        JsonNode meta = new ObjectMapper().readTree(Path.of(path("fixtures/" + fixture), "meta.json").toFile());
        Path output = folder.resolve("out.safetensors");
        String printed = run("logits", path("fixtures/" + fixture), "--pixels", golden.toString(), "--output", output.toString()).out();
        assertEquals(meta.get("loss").asDouble(), Double.parseDouble(printed.split(" ")[1]), 2e-5);
        assertTrue(printed.endsWith("nats over 2 images\n"), printed);
        float[] expected = tensor(golden, "logits");
        float[] actual = tensor(output, "logits");
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 2e-4 * meta.get("logits_std").asDouble());
        }
        printed = run("grads", path("fixtures/" + fixture), "--pixels", golden.toString(), "--output", output.toString()).out();
        assertEquals(meta.get("grad_norm").asDouble(), Double.parseDouble(printed.trim().split(" ")[5]), 1e-4 * meta.get("grad_norm").asDouble());
        try (Safetensors reference = Safetensors.open(golden.resolveSibling("grads.safetensors")); Safetensors written = Safetensors.open(output)) {
            assertEquals(reference.names(), written.names());
        }
    }

    private void refused(int code, String part, String... arguments) {
        CommandLineRun run = CommandLineRun.of(arguments);
        assertEquals(code, run.code(), run.err());
        assertTrue(run.err().startsWith("heddle: ") && run.err().contains(part), run.err());
        if (code == 1) {
            assertEquals(1, run.err().lines().count(), run.err());
        }
    }

    @Test
    void mistakesAreSaid() throws Exception {
        String vim = path("fixtures/vim");
        String picture = path("images/tall.png");
        Path text = Files.writeString(folder.resolve("text.jpg"), "no picture");
        refused(1, "text.jpg: no picture in a known format", "classify", vim, text.toString());
        refused(1, "nowhere.png: no such file", "classify", vim, "nowhere.png");
        refused(1, "no image classifier", "classify", path("fixtures/mamba"), picture);
        refused(2, "IMAGE", "classify", vim);
        refused(2, "--top", "classify", vim, picture, "--top", "0");
        String output = folder.resolve("out.safetensors").toString();
        String pixels = pixels("images/expected-4.png").toString();
        refused(1, "a loss needs labels", "grads", vim, "--pixels", pixels, "--output", output);
        refused(1, "pixel_values", "logits", vim, "--pixels", path("fixtures/vim/model.safetensors"), "--output", output);
        refused(1, "this model takes 24 × 24", "logits", vim, "--pixels", path("fixtures/mambavision/golden.safetensors"), "--output", output);
        refused(2, "--pixels", "logits", vim, "--output", output);
        refused(2, "--together", "logits", vim, "--pixels", pixels, "--together", "--output", output);
        Map<String, Tensor> tensors = new HashMap<>();
        try (Arena arena = Arena.ofConfined()) {
            tensors.put("pixel_values", Tensor.zeros(arena, DType.F32, 1, 3, 24, 24));
            tensors.put("labels", Tensor.zeros(arena, DType.I32, 1));
            tensors.get("labels").set(0, 11);
            SafetensorsWriter.write(Path.of(pixels), tensors, Map.of());
        }
        refused(1, "label 0 is outside the 11 classes", "grads", vim, "--pixels", pixels, "--output", output);
        assertFalse(Files.exists(Path.of(output)));
    }
}
