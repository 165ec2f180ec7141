package dev.heddle.train.report;

import dev.heddle.train.config.TrainConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;

/// Several runs on one page: their losses against tokens and time, and a table from the best to the worst.
public final class ComparisonReport {
    private static final String TOKENS = "tokens";

    private final List<RecordedRun> runs;

    /// @param runs at least one; colours go by their order
    public ComparisonReport(List<RecordedRun> runs) {
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("no run to compare");
        }
        this.runs = List.copyOf(runs);
    }

    /// Writes the page, whole or not at all.
    public void write(Path file) {
        page().write(file);
    }

    /// The page as text.
    String html() {
        return page().html();
    }

    private Page page() {
        Page page = new Page(runs.size() + " trainings compared").add("<header><p class=\"kind\">comparison</p><h1>" + runs.size()
                + " trainings</h1><p>" + budget() + "</p></header>");
        differences().ifPresent(page::add);
        page.charts(List.of(chart("Validation loss", RunMetrics.VALIDATION, TOKENS, true),
                chart("Training loss, smoothed", RunMetrics.LOSS, TOKENS, false),
                chart("Validation loss against time", RunMetrics.VALIDATION, "seconds in training steps", false), recall()));
        page.section("Runs", table());
        StringBuilder maps = new StringBuilder("<div class=\"maps\">");
        IntStream.range(0, runs.size()).forEach(i -> runs.get(i).architecture().ifPresent(architecture -> maps
                .append("<div><h3><i class=\"key c").append(i % Chart.COLOURS).append("\"></i>").append(Html.text(runs.get(i).name()))
                .append("</h3><p class=\"small\">").append(Html.text(architecture.title() + ": " + architecture.reason()))
                .append("</p><div class=\"scroll\">").append(LayerMapDrawing.html(architecture.map())).append("</div></div>")));
        return page.section("Layers", maps.append("</div>").toString());
    }

    private String budget() {
        List<String> tokens = runs.stream().map(run -> run.metrics().last(RunMetrics.TOKENS)).filter(OptionalDouble::isPresent)
                .map(last -> Numbers.count(last.getAsDouble())).distinct().toList();
        return tokens.isEmpty() ? "no step has been taken yet" : tokens.size() == 1 ? "each after " + tokens.getFirst() + " tokens"
                : "after " + String.join(", ", tokens) + " tokens";
    }

    private Chart chart(String title, String key, String across, boolean wide) {
        List<Curve> curves = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            RunMetrics metrics = runs.get(i).metrics();
            boolean loss = key.equals(RunMetrics.LOSS);
            double[] x = across.equals(TOKENS) ? metrics.column(RunMetrics.TOKENS) : metrics.seconds();
            double[] y = metrics.column(key);
            curves.add(Curve.of(runs.get(i).name(), i % Chart.COLOURS, loss ? Curve.Style.LINE : Curve.Style.POINTS, x,
                    loss ? Smoothing.of(y) : y, metrics.linesWith(key)));
        }
        return new Chart(title, "nats per token", across, curves, List.of(), new Chart.View(wide, true, false));
    }

    /// Accuracy of a recall task in the last evaluation, against the number of pairs.
    private Chart recall() {
        List<Curve> curves = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            RunMetrics metrics = runs.get(i).metrics();
            double[] pairs = metrics.recall().keySet().stream().mapToDouble(Integer::doubleValue).toArray();
            double[] last = metrics.recall().values().stream().mapToDouble(key -> metrics.last(key).orElse(Double.NaN)).toArray();
            curves.add(new Curve(runs.get(i).name(), i % Chart.COLOURS, Curve.Style.POINTS, pairs, last));
        }
        return new Chart("Recall", "share of answers that are right in the last evaluation", "pairs", curves, List.of(),
                new Chart.View(true, false, true));
    }

    /// What makes validation losses incomparable, said aloud.
    private Optional<String> differences() {
        Set<String> different = new TreeSet<>();
        List<TrainConfig> configs = runs.stream().flatMap(run -> run.config().stream()).toList();
        configs.forEach(config -> {
            TrainConfig first = configs.getFirst();
            if (!config.tokenizer().equals(first.tokenizer())) {
                different.add("tokenizer");
            }
            if (!config.task().equals(first.task())) {
                different.add("task");
            }
            if (!config.validation().equals(first.validation()) || config.validation().isEmpty() && (!config.data().equals(first.data())
                    || config.heldOut() != first.heldOut())) {
                different.add("held-out text");
            }
            if (config.evaluateTokens() != first.evaluateTokens()) {
                different.add("evaluate_tokens");
            }
            if (config.length() != first.length()) {
                different.add("length");
            }
        });
        return different.isEmpty() ? Optional.empty() : Optional.of("<p class=\"warning\">Validation losses are not measured alike; the "
                + "runs differ in: " + String.join(", ", different) + "</p>");
    }

    private String table() {
        List<Integer> order = IntStream.range(0, runs.size()).boxed()
                .sorted(Comparator.comparingDouble(i -> best(i).orElse(Double.MAX_VALUE))).toList();
        OptionalDouble first = best(order.getFirst());
        StringBuilder html = new StringBuilder("<div class=\"scroll\"><table class=\"numbers\"><thead><tr><th>run</th>"
                + "<th class=\"words\">architecture</th>"
                + "<th>parameters</th><th>tokens</th><th>lowest validation loss</th><th>perplexity</th><th>above the best</th>"
                + "<th>last validation loss</th><th>tokens/s</th><th>time in steps</th></tr></thead>\n");
        for (int i : order) {
            RecordedRun run = runs.get(i);
            RunMetrics metrics = run.metrics();
            html.append("<tr><th scope=\"row\"><i class=\"key c").append(i % Chart.COLOURS).append("\"></i>").append(Html.text(run.name()))
                    .append(run.isDone() ? "" : " <span class=\"small\">(not finished)</span>").append("</th><td class=\"words\">")
                    .append(run.architecture().map(architecture -> Html.text(architecture.title() + architecture.ratio()
                            .map(ratio -> ", " + ratio).orElse(""))).orElse("–")).append("</td>")
                    .append(cell(run.architecture().map(architecture -> Numbers.count(architecture.parameters().total()))))
                    .append(cell(metrics.last(RunMetrics.TOKENS), Numbers::count))
                    .append(cell(best(i), Numbers::loss)).append(cell(best(i), Numbers::perplexity))
                    .append(cell(best(i), loss -> i == order.getFirst() ? "–"
                            : String.format(Locale.ROOT, "+%.4f", loss - first.orElse(loss))))
                    .append(cell(metrics.last(RunMetrics.VALIDATION), Numbers::loss))
                    .append(cell(metrics.median(RunMetrics.SPEED), Numbers::whole))
                    .append(cell(metrics.lines() == 0 ? Optional.empty()
                            : Optional.of(Numbers.duration(metrics.seconds()[metrics.lines() - 1])))).append("</tr>\n");
        }
        return html.append("</table></div>").toString();
    }

    private OptionalDouble best(int run) {
        RunMetrics metrics = runs.get(run).metrics();
        int best = metrics.best();
        return best < 0 ? OptionalDouble.empty() : OptionalDouble.of(metrics.column(RunMetrics.VALIDATION)[best]);
    }

    private static String cell(OptionalDouble value, DoubleFunction<String> text) {
        return cell(value.isPresent() ? Optional.of(text.apply(value.getAsDouble())) : Optional.empty());
    }

    private static String cell(Optional<String> text) {
        return "<td>" + Html.text(text.orElse("–")) + "</td>";
    }
}
