package dev.heddle.train.report;

import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.model.analysis.ParameterCounts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// One run as a page: final numbers, curves, evaluations, layer map, parameters, configuration.
public final class RunReport {
    private static final int OPEN = 15;
    /// Keys with a chart of their own; any other number gets a chart by its name.
    private static final Set<String> KNOWN = Set.of(RunMetrics.STEP, RunMetrics.TOKENS, RunMetrics.LOSS, RunMetrics.VALIDATION,
            RunMetrics.NORM, RunMetrics.SPEED);
    private static final String RATE = "rate";
    private static final Map<String, Integer> RATE_COLOURS = Map.of("recurrent_rate", 2, "attention_rate", 3);

    private final RecordedRun run;
    private final RunMetrics metrics;

    public RunReport(RecordedRun run) {
        this.run = run;
        metrics = run.metrics();
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
        String model = run.architecture().map(architecture -> architecture.spec().name()).orElse(run.name());
        Page page = new Page(model + " · training").add(header(model)).add(Tile.html(tiles()));
        brokenNumbers().ifPresent(page::add);
        page.charts(charts());
        if (!metrics.linesWith(RunMetrics.VALIDATION).isEmpty()) {
            page.section("Evaluations", evaluations());
        }
        run.architecture().ifPresent(architecture -> page.section("Layers", "<p class=\"lead\">" + Html.text(architecture.reason())
                + "</p><div class=\"scroll\">" + LayerMapDrawing.html(architecture.map()) + "</div>")
                .section("Parameters", parameters(architecture)));
        run.config().ifPresent(config -> page.section("Configuration", "<dl class=\"settings\">" + Settings.of(config).entrySet().stream()
                .map(entry -> "<div><dt>" + Html.text(entry.getKey()) + "</dt><dd>" + Html.text(entry.getValue()) + "</dd></div>")
                .collect(Collectors.joining("\n")) + "</dl>"));
        return page;
    }

    private String header(String model) {
        double step = metrics.last(RunMetrics.STEP).orElse(0);
        StringBuilder html = new StringBuilder("<header><p class=\"kind\">training</p><h1>").append(Html.text(model)).append("</h1><p>");
        run.architecture().ifPresent(architecture -> html.append("<strong>").append(Html.text(architecture.title())).append("</strong>")
                .append(architecture.ratio().map(ratio -> ", " + ratio + " attention to recurrent").orElse("")).append(" · "));
        html.append("run ").append(Html.text(run.name())).append("</p>");
        run.steps().ifPresent(steps -> html.append("<div class=\"progress\"><i style=\"width:")
                .append(String.format(Locale.ROOT, "%.2f", 100 * Math.min(1, step / steps)))
                .append("%\"></i></div><p class=\"small\">step ")
                .append(Numbers.whole(step)).append(" of ").append(Numbers.whole(steps)).append("</p>"));
        return html.append("</header>").toString();
    }

    private List<Tile> tiles() {
        double[] smooth = Smoothing.of(metrics.column(RunMetrics.LOSS));
        List<Tile> tiles = new ArrayList<>();
        metrics.last(RunMetrics.VALIDATION).ifPresent(loss -> {
            int best = metrics.best();
            double lowest = metrics.column(RunMetrics.VALIDATION)[best];
            tiles.add(new Tile("validation loss", Numbers.loss(loss), "perplexity " + Numbers.perplexity(loss) + (lowest < loss
                    ? "; lowest " + Numbers.loss(lowest) + " at step " + Numbers.whole(metrics.column(RunMetrics.STEP)[best]) : "")));
        });
        List<Integer> losses = metrics.linesWith(RunMetrics.LOSS);
        if (!losses.isEmpty()) {
            tiles.add(new Tile("training loss", Numbers.loss(smooth[losses.getLast()]), "smoothed; last step "
                    + Numbers.loss(metrics.column(RunMetrics.LOSS)[losses.getLast()])));
        }
        metrics.last(RunMetrics.TOKENS).ifPresent(tokens -> tiles.add(new Tile("tokens", Numbers.count(tokens),
                "in " + Numbers.whole(metrics.last(RunMetrics.STEP).orElse(0)) + " steps")));
        metrics.median(RunMetrics.SPEED).ifPresent(speed -> tiles.add(new Tile("tokens per second", Numbers.whole(speed),
                "median; " + Numbers.duration(metrics.seconds()[metrics.lines() - 1]) + " in steps")));
        run.architecture().ifPresent(architecture -> tiles.add(new Tile("parameters", Numbers.count(architecture.parameters().total()),
                architecture.parameters().active() == architecture.parameters().total() ? "all active"
                        : Numbers.count(architecture.parameters().active()) + " active for a token")));
        if (tiles.isEmpty()) {
            tiles.add(new Tile("steps", "0", "no step has been taken yet"));
        }
        return tiles;
    }

    /// Numbers that no chart can show.
    private Optional<String> brokenNumbers() {
        List<String> broken = new ArrayList<>();
        double[] steps = metrics.column(RunMetrics.STEP);
        metrics.notFinite().forEach((key, line) -> broken.add(Html.text(key) + " from step " + Numbers.whole(steps[line])));
        return broken.isEmpty() ? Optional.empty()
                : Optional.of("<p class=\"warning\">Not a finite number: " + String.join(", ", broken) + "</p>");
    }

    private List<Chart> charts() {
        List<Chart.Mark> marks = run.config().flatMap(config -> config.anneal().map(_ -> new Chart.Mark(config.steps(), "anneal")))
                .filter(mark -> metrics.last(RunMetrics.STEP).orElse(0) > mark.x()).stream().toList();
        List<Curve> loss = new ArrayList<>(withMean(RunMetrics.LOSS, "training", 0));
        loss.add(Curve.of("validation", 1, Curve.Style.POINTS, steps(), metrics.column(RunMetrics.VALIDATION),
                metrics.linesWith(RunMetrics.VALIDATION)));
        List<Chart> charts = new ArrayList<>();
        charts.add(new Chart("Loss", "nats per token", RunMetrics.STEP, loss, marks, new Chart.View(true, true, false)));
        charts.add(new Chart("Learning rate", "", RunMetrics.STEP, rates(), marks, new Chart.View(false, false, true)));
        charts.add(new Chart("Gradient norm", "before clipping", RunMetrics.STEP, norm(), marks, new Chart.View(false, true, true)));
        charts.add(new Chart("Speed", "tokens per second", RunMetrics.STEP, withMean(RunMetrics.SPEED, "", 5), marks,
                new Chart.View(false, false, true)));
        charts.add(new Chart("Recall", "share of answers that are right, by pairs", RunMetrics.STEP, recall(), marks,
                new Chart.View(true, false, true)));
        metrics.keys().stream().filter(key -> !KNOWN.contains(key) && !key.equals(RATE) && !key.endsWith("_rate")
                        && !metrics.recall().containsValue(key))
                .forEach(key -> charts.add(new Chart(key.replace('_', ' '), "", RunMetrics.STEP, withMean(key, "", 4), marks,
                        new Chart.View(false, false, false))));
        return charts;
    }

    /// Accuracy of a recall task, a curve for each number of pairs.
    private List<Curve> recall() {
        List<Curve> curves = new ArrayList<>();
        metrics.recall().forEach((pairs, key) -> curves.add(Curve.of(pairs + " pairs", curves.size() % Chart.COLOURS, Curve.Style.POINTS,
                steps(), metrics.column(key), metrics.linesWith(key))));
        return curves;
    }

    private double[] steps() {
        return metrics.column(RunMetrics.STEP);
    }

    /// Every value, and the mean of neighbours where there are enough.
    ///
    /// @param name of the curves where the chart has others too; may be empty
    private List<Curve> withMean(String key, String name, int colour) {
        double[] values = metrics.column(key);
        if (metrics.linesWith(key).size() < 8) {
            return List.of(new Curve(name.isEmpty() ? "each step" : name, colour, Curve.Style.LINE, steps(), values));
        }
        String of = name.isEmpty() ? "" : name + ", ";
        return List.of(new Curve(of + "each step", colour, Curve.Style.FAINT, steps(), values),
                new Curve(of + "smoothed", colour, Curve.Style.LINE, steps(), Smoothing.of(values)));
    }

    private List<Curve> norm() {
        List<Curve> curves = new ArrayList<>(withMean(RunMetrics.NORM, "", 4));
        double[] steps = steps();
        run.config().map(config -> config.optimizer().clip()).filter(clip -> clip > 0 && steps.length > 1).ifPresent(clip ->
                curves.add(new Curve("clip", 1, Curve.Style.FAINT, new double[] {steps[0], steps[steps.length - 1]},
                        new double[] {clip, clip})));
        return curves;
    }

    /// The rates of all groups; one that is like the general rate is not drawn again.
    private List<Curve> rates() {
        double[] general = metrics.column(RATE);
        List<String> others = metrics.keys().stream().filter(key -> key.endsWith("_rate") && !Arrays.equals(metrics.column(key), general))
                .toList();
        List<Curve> curves = new ArrayList<>();
        curves.add(new Curve(others.isEmpty() ? RATE : "others", 0, Curve.Style.LINE, steps(), general));
        others.forEach(key -> curves.add(new Curve(key.substring(0, key.length() - "_rate".length()), RATE_COLOURS.getOrDefault(key, 4),
                Curve.Style.LINE, steps(), metrics.column(key))));
        return curves;
    }

    private String evaluations() {
        double[] validation = metrics.column(RunMetrics.VALIDATION);
        double[] tokens = metrics.column(RunMetrics.TOKENS);
        double[] smooth = Smoothing.of(metrics.column(RunMetrics.LOSS));
        List<Integer> lines = metrics.linesWith(RunMetrics.VALIDATION);
        int best = metrics.best();
        StringBuilder html = new StringBuilder(lines.size() > OPEN ? "<details><summary>" + lines.size() + " evaluations</summary>" : "");
        html.append("<div class=\"scroll\"><table class=\"numbers\"><thead><tr><th>step</th><th>tokens</th><th>training loss, smoothed</th>"
                + "<th>validation loss</th><th>perplexity</th></tr></thead>\n");
        for (int i : lines) {
            html.append(i == best ? "<tr class=\"best\">" : "<tr>").append(cell(Numbers.whole(steps()[i])))
                    .append(cell(Numbers.count(tokens[i]))).append(cell(Numbers.loss(smooth[i])))
                    .append(cell(Numbers.loss(validation[i]))).append(cell(Numbers.perplexity(validation[i]))).append("</tr>\n");
        }
        return html.append("</table></div>").append(lines.size() > OPEN ? "</details>" : "").toString();
    }

    private static String cell(String text) {
        return "<td>" + Html.text(text) + "</td>";
    }

    private static String parameters(Architecture architecture) {
        ParameterCounts counts = architecture.parameters();
        StringBuilder html = new StringBuilder("<p class=\"lead\"><strong>")
                .append(Numbers.whole(counts.total())).append("</strong> in all")
                .append(counts.active() == counts.total() ? "" : ", " + Numbers.whole(counts.active()) + " active for a token")
                .append(architecture.language().filter(model -> model.head().tied()).isPresent() ? "; the head is the embedding" : "")
                .append("</p><table class=\"parts\">\n");
        for (ParameterCounts.Part part : counts.parts()) {
            String share = String.format(Locale.ROOT, "%.1f%%", 100.0 * part.total() / counts.total());
            html.append("<tr><th scope=\"row\">").append(Html.text(part.name())).append("</th><td>").append(Numbers.count(part.total()))
                    .append("</td><td>").append(share)
                    .append("</td><td class=\"bar\"><i style=\"width:").append(share).append("\"></i></td></tr>\n");
        }
        return html.append("</table>").toString();
    }
}
