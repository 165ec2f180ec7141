package dev.heddle.train.report;

import dev.heddle.train.TrainingException;
import dev.heddle.train.config.TrainConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
    private final List<Repetitions> groups;
    private final int[] colours;

    /// @param runs at least one; colours go by their order, and runs that differ in nothing but their seed share one
    public ComparisonReport(List<RecordedRun> runs) {
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("no run to compare");
        }
        this.runs = List.copyOf(runs);
        groups = Repetitions.of(runs);
        colours = new int[runs.size()];
        for (int group = 0; group < groups.size(); group++) {
            for (int run : groups.get(group).runs()) {
                colours[run] = group % Chart.COLOURS;
            }
        }
    }

    /// Writes the accuracy by the number of pairs if the runs have a recall task, otherwise the validation loss against the
    /// tokens, as an image of its own (SVG).
    /// @throws TrainingException if the runs have neither
    public void plot(Path file) {
        Chart recall = recall();
        Chart chart = recall.isEmpty() ? chart("Validation loss", RunMetrics.VALIDATION, TOKENS, true) : recall;
        if (chart.isEmpty()) {
            throw new TrainingException("the runs have not been evaluated, so there is nothing to draw in " + file);
        }
        Page.write(file, new Plot(chart, !recall.isEmpty()).svg());
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
                .append("<div><h3><i class=\"key c").append(colours[i]).append("\"></i>").append(Html.text(runs.get(i).name()))
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
            curves.add(Curve.of(runs.get(i).name(), colours[i], loss ? Curve.Style.LINE : Curve.Style.POINTS, x,
                    loss ? Smoothing.of(y) : y, metrics.linesWith(key)));
        }
        return new Chart(title, "nats per token", across, curves, List.of(), new Chart.View(wide, true, false));
    }

    /// Accuracy of a recall task in the last evaluation, against the number of pairs: of runs that differ in nothing but their
    /// seed the mean, with the lowest and the highest around it.
    private Chart recall() {
        List<Curve> curves = new ArrayList<>();
        for (Repetitions group : groups) {
            List<RunMetrics> metrics = group.runs().stream().map(run -> runs.get(run).metrics()).toList();
            int[] pairs = metrics.stream().flatMap(of -> of.recall().keySet().stream()).mapToInt(Integer::intValue).sorted().distinct().toArray();
            List<double[]> last = metrics.stream().map(of -> Arrays.stream(pairs).mapToDouble(count ->
                    of.recall().containsKey(count) ? of.last(of.recall().get(count)).orElse(Double.NaN) : Double.NaN).toArray()).toList();
            String seeds = group.runs().size() == 1 ? "" : ", " + group.runs().size() + " seeds";
            curves.add(Curve.mean(group.name() + seeds, colours[group.runs().getFirst()], Arrays.stream(pairs).asDoubleStream().toArray(), last));
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
            html.append("<tr><th scope=\"row\"><i class=\"key c").append(colours[i]).append("\"></i>").append(Html.text(run.name()))
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
