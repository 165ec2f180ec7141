package dev.heddle.train.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.spec.SpecFile;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.spec.Mamba1Spec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.ResidualSpec;
import dev.heddle.train.TrainingException;
import dev.heddle.train.config.TrainConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReportTest {
    private static final String EVIL = "</script><img src=x onerror=\"alert('1')\">&";

    @TempDir
    Path folder;

    private static Architecture architecture(String name) {
        NormSpec norm = NormSpec.rms(1e-5);
        return Architecture.of(new ModelSpec(name, "mamba", 32, 24, 0, ModelSpec.EmbeddingSpec.PLAIN,
                List.of(ResidualSpec.of(norm, new Mamba1Spec(48, 8, 4, 4, true, false, NormSpec.NONE))), Map.of(), norm,
                ModelSpec.HeadSpec.of(true)));
    }

    private static TrainConfig config(String data) {
        ObjectNode json = Json.object().put("model", "m.yaml").put("steps", 100).put("output", "out");
        json.putArray("data").addObject().put("file", data);
        return SpecFile.record(TrainConfig.class, json.toString(), "test");
    }

    /// Loss falls as 8 / √step; every third step is evaluated.
    private Path metrics(int steps) {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsFile metrics = new MetricsFile(file, 0)) {
            for (int step = 1; step <= steps; step++) {
                ObjectNode line = Json.object().put("step", step).put("loss", 8 / Math.sqrt(step)).put("gradient_norm", 1.0 / step)
                        .put("rate", 1e-3).put("recurrent_rate", 1e-3).put("attention_rate", 1e-4 / 3).put("tokens", 64L * step)
                        .put("tokens_per_second", 100.0);
                if (step % 3 == 0) {
                    line.put("validation_loss", 9 / Math.sqrt(step));
                }
                metrics.add(line);
            }
        }
        return file;
    }

    private static RecordedRun run(String name, RunMetrics metrics) {
        return new RecordedRun(name, Optional.of(architecture(name)), Optional.of(config("stories.txt")), metrics);
    }

    /// The curves a page carries for the pointer, as `title/name`.
    private static Map<String, JsonNode> curves(String html) {
        Map<String, JsonNode> curves = new TreeMap<>();
        for (MatchResult figure : Pattern.compile("(?s)<h3>([^<]*)</h3>.*?<script type=\"application/json\">(.*?)</script>")
                .matcher(html.substring(html.indexOf("<figure"))).results().toList()) {
            Json.parse(figure.group(2), "page").path("curves")
                    .forEach(curve -> curves.put(figure.group(1) + "/" + curve.path("name").asText(), curve));
        }
        return curves;
    }

    private static double[] numbers(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).mapToDouble(JsonNode::asDouble).toArray();
    }

    @Test
    void numbersAreThoseOfTheMetrics() {
        Path file = metrics(50);
        Map<String, JsonNode> curves = curves(new RunReport(run("r", RunMetrics.read(file))).html());
        List<ObjectNode> lines = MetricsFile.read(file);
        Map.of("Loss/training, each step", "loss", "Loss/validation", "validation_loss", "Gradient norm/each step", "gradient_norm",
                "Speed/each step", "tokens_per_second", "Learning rate/others", "rate", "Learning rate/attention", "attention_rate")
                .forEach((curve, key) -> {
                    List<ObjectNode> having = lines.stream().filter(line -> line.has(key)).toList();
                    assertTrue(curves.containsKey(curve), () -> curve + " is none of " + curves.keySet());
                    assertArrayEquals(having.stream().mapToDouble(line -> line.path("step").asDouble()).toArray(),
                            numbers(curves.get(curve).path("x")), curve);
                    assertArrayEquals(having.stream().mapToDouble(line -> line.path(key).asDouble()).toArray(),
                            numbers(curves.get(curve).path("y")), curve);
                });
        assertFalse(curves.containsKey("Learning rate/recurrent"), "the same as the general rate");
    }

    @Test
    void theEvaluationsAreInTheTable() {
        String html = new RunReport(run("r", RunMetrics.read(metrics(12)))).html();
        assertTrue(html.contains("<td>2.5981</td><td>13.44</td>"), "9 / √12 and its exponential");
        assertTrue(html.contains("<dt>parameters</dt><dd>" + Numbers.count(architecture("r").parameters().total())));
        assertTrue(html.contains("pure Mamba"));
        assertTrue(html.contains("<dt>optimizer.epsilon</dt><dd>1e-8</dd>"), "defaults are shown too");
        assertTrue(html.contains("<dt>data.file</dt><dd>stories.txt</dd>"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 7, 8, 9, 5000})
    void runsOfAnyLengthHaveAWholePage(int steps) {
        for (String html : List.of(new RunReport(run("r", RunMetrics.read(metrics(steps)))).html(),
                new ComparisonReport(List.of(run("r", RunMetrics.read(metrics(steps))), run("s", new RunMetrics()))).html())) {
            assertFalse(Pattern.compile("NaN|Infinity|null[^,\\]]*%").matcher(html.substring(0, html.indexOf("\"use strict\""))).find());
            assertTrue(html.endsWith("</html>\n"));
            assertTrue(html.length() < 900_000, "characters: " + html.length());
        }
    }

    @Test
    void valuesThatAreNotFiniteLeaveAGapAndAreSaid() {
        RunMetrics metrics = new RunMetrics();
        double[] losses = {3, Double.NaN, 2, Double.POSITIVE_INFINITY, 1.5};
        for (int i = 0; i < losses.length; i++) {
            metrics.add(Json.asObject(Json.parse(Json.object().put("step", i + 1).put("loss", losses[i]).toString(), "line"), "line"));
        }
        String html = new RunReport(run("r", metrics)).html();
        assertTrue(html.contains("Not a finite number: loss from step 2"), html);
        JsonNode y = curves(html).get("Loss/training").path("y");
        assertEquals("[3,null,2,null,1.5]", y.toString());
        assertEquals(3, html.split("<svg class=\"even\"")[1].split("</svg>")[0].split("class=\"c0\" d=\"")[1].split("\"")[0].split("M").length - 1);
    }

    @Test
    void recallOfAllNumbersOfPairsIsOneChart() {
        RunMetrics metrics = new RunMetrics();
        metrics.add(Json.object().put("step", 1).put("loss", 3.0));
        metrics.add(Json.object().put("step", 2).put("loss", 2.0).put("accuracy_4_pairs", 0.75).put("accuracy_16_pairs", 0.0));
        Map<String, JsonNode> curves = curves(new RunReport(run("r", metrics)).html());
        assertEquals("[0.75]", curves.get("Recall/4 pairs").path("y").toString());
        assertEquals("[0]", curves.get("Recall/16 pairs").path("y").toString());
        metrics.add(Json.object().put("step", 3).put("accuracy_4_pairs", 1.0).put("accuracy_16_pairs", 0.5));
        curves = curves(new ComparisonReport(List.of(run("r", metrics), run("s", new RunMetrics()))).html());
        assertEquals("[4,16]", curves.get("Recall/r").path("x").toString());
        assertEquals("[1,0.5]", curves.get("Recall/r").path("y").toString());
    }

    /// A run on a recall task that ends with these accuracies of 4 and 16 pairs.
    private static RecordedRun recall(String name, String model, long seed, double four, double sixteen) {
        RunMetrics metrics = new RunMetrics();
        metrics.add(Json.object().put("step", 1).put("loss", 2.0).put("accuracy_4_pairs", four).put("accuracy_16_pairs", sixteen));
        ObjectNode json = Json.object().put("model", model).put("steps", 1).put("output", name).put("seed", seed);
        json.putObject("task").put("type", "mqar");
        return new RecordedRun(name, Optional.empty(), Optional.of(SpecFile.record(TrainConfig.class, json.toString(), "test")), metrics);
    }

    @Test
    void seedsOfOneTrainingAreTheirMeanAndSpread() throws Exception {
        ComparisonReport report = new ComparisonReport(List.of(recall("recall-a-1", "a.yaml", 1, 1, 0.25), recall("recall-a-2", "a.yaml", 2, 0.5, 0.75),
                recall("other", "b.yaml", 1, 0.5, 0), recall("again", "b.yaml", 1, 0.5, 0)));
        Map<String, JsonNode> curves = curves(report.html());
        assertEquals("[4,16]", curves.get("Recall/recall-a, 2 seeds").path("x").toString());
        assertEquals("[0.75,0.5]", curves.get("Recall/recall-a, 2 seeds").path("y").toString());
        assertTrue(curves.containsKey("Recall/other") && curves.containsKey("Recall/again"), "the same seed twice is no repetition");
        String figure = report.html().split("<h3>Recall</h3>")[1].split("</figure>")[0];
        assertTrue(figure.contains("<path class=\"band c0\" d=\"M0 0L1000 250L1000 750L0 500Z\"/>"), "from 1 and 0.75 down to 0.25 and 0.5");
        Path file = folder.resolve("recall.svg");
        report.plot(file);
        String svg = Files.readString(file);
        assertEquals(1, svg.split("class=\"band ").length - 1);
        assertEquals(3, svg.split("<path class=\"line c\\d\" d=\"M[0-9. ]+L").length - 1);
        assertTrue(svg.contains(">recall-a, 2 seeds: 16, 0.5000<"));
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile());
    }

    @Test
    void aPlotOfTextRunsShowsTheirValidationLosses() throws Exception {
        Path file = folder.resolve("loss.svg");
        new ComparisonReport(List.of(run(EVIL, RunMetrics.read(metrics(9))))).plot(file);
        assertEquals("svg", DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile()).getDocumentElement().getTagName());
        assertEquals(3, Files.readString(file).split("<circle").length - 1);
        assertThrows(TrainingException.class, () -> new ComparisonReport(List.of(run("none", new RunMetrics()))).plot(file));
    }

    @Test
    void namesCannotBreakThePage() {
        RecordedRun evil = new RecordedRun(EVIL, Optional.of(architecture(EVIL)), Optional.of(config(EVIL)), RunMetrics.read(metrics(9)));
        RunMetrics named = new RunMetrics();
        named.add(Json.object().put("step", 1).put(EVIL, 2.0));
        for (String html : List.of(new RunReport(evil).html(), new ComparisonReport(List.of(evil, evil)).html(),
                new RunReport(run("r", named)).html())) {
            assertFalse(html.contains("<img"), html);
            assertEquals(html.split("<script").length, html.split("</script>").length);
            assertTrue(html.contains("&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;"));
        }
    }

    @Test
    void thePageLoadsNothing() {
        String html = new RunReport(run("r", RunMetrics.read(metrics(9)))).html();
        assertFalse(Pattern.compile("(?i)https?:|//[a-z]|src=|<link|@import|url\\(").matcher(html).find());
    }

    @Test
    void theBestRunComesFirstAndUnlikeEvaluationsAreSaid() {
        RunMetrics worse = new RunMetrics();
        worse.add(Json.object().put("step", 3).put("tokens", 192).put("loss", 6).put("validation_loss", 5.5));
        RecordedRun first = new RecordedRun("worse", Optional.empty(), Optional.of(config("stories.txt")), worse);
        RecordedRun second = run("better", RunMetrics.read(metrics(9)));
        String html = new ComparisonReport(List.of(first, second)).html();
        String table = html.substring(html.indexOf("<tbody") < 0 ? html.indexOf("<thead>") : html.indexOf("<tbody"));
        assertTrue(table.indexOf("better") < table.indexOf("worse"));
        assertTrue(table.contains("<td>+2.5000</td>"), "5.5 − 9 / √9");
        assertFalse(html.contains("not measured alike"));
        assertArrayEquals(new double[] {192, 384, 576}, numbers(curves(html).get("Validation loss/better").path("x")));
        RecordedRun other = new RecordedRun("other", Optional.empty(), Optional.of(config("poems.txt")), worse);
        assertTrue(new ComparisonReport(List.of(second, other)).html().contains("the runs differ in: held-out text"));
    }

    @Test
    void theFileIsReplacedWhole() throws Exception {
        Path file = folder.resolve("report.html");
        Files.writeString(file, "old");
        RunReport report = new RunReport(run("r", RunMetrics.read(metrics(3))));
        report.write(file);
        assertEquals(report.html(), Files.readString(file));
        assertFalse(Files.exists(folder.resolve("report.html.part")));
    }

    @Test
    void ticksAreRoundAndWithinTheScale() {
        List<Double> ends = List.of(1e-5, 0.3, 1.0, 1.001, 7.0, 9999.0, 3e6);
        for (double low : ends) {
            for (double high : ends) {
                if (low < high) {
                    for (Scale scale : List.of(Scale.linear(new double[] {low, high}), Scale.logarithmic(new double[] {low, high}))) {
                        List<Double> ticks = scale.ticks();
                        assertTrue(ticks.size() >= 2 && ticks.size() <= 12, () -> scale + " " + ticks);
                        ticks.forEach(tick -> assertTrue(scale.at(tick) > -1e-9 && scale.at(tick) < 1 + 1e-9, () -> scale + " " + ticks));
                        assertEquals(ticks.size(), new ArrayList<>(ticks).stream().distinct().count());
                    }
                }
            }
        }
    }

    @Test
    void smoothingKeepsConstantsAndStraightLinesAndSkipsGaps() {
        double[] constant = new double[200];
        Arrays.fill(constant, 2.5);
        constant[50] = Double.NaN;
        double[] smooth = Smoothing.of(constant);
        for (int i = 0; i < smooth.length; i++) {
            assertEquals(2.5, smooth[i], 1e-12);
        }
        double[] line = IntStream.range(0, 400).asDoubleStream().toArray();
        assertEquals(200, Smoothing.of(line)[200], 1e-9);
        assertEquals(0, Smoothing.of(line)[0], 1e-12, "the first value is itself");
    }
}
