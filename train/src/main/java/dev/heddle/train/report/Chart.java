package dev.heddle.train.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/// Curves over a common axis as a figure of a page. Curves and grid are an SVG that stretches with the page; numbers and
/// names stand around it as text, so they keep their size. Both an even and a logarithmic form are there, one of them
/// hidden. The values for the pointer lie beside the figure as JSON, as they are in the metrics.
///
/// @param title  what is drawn
/// @param unit   of the values
/// @param across what the horizontal axis counts
/// @param curves those without a finite value are left out
/// @param marks  where something began
/// @param view   how it looks at first
record Chart(String title, String unit, String across, List<Curve> curves, List<Mark> marks, View view) {
    /// Colours for curves that are alike; then they begin again.
    static final int COLOURS = 8;
    private static final int SIZE = 1000;
    private static final int COLUMNS = 700;
    private static final int VALUES = 1500;

    /// A place on the horizontal axis with a name.
    record Mark(double x, String name) {
    }

    /// @param wide    whether it takes the whole width
    /// @param log     whether it begins logarithmic
    /// @param zero    whether the even form begins at zero
    record View(boolean wide, boolean log, boolean zero) {
    }

    Chart {
        curves = curves.stream().filter(curve -> !curve.isEmpty()).toList();
    }

    boolean isEmpty() {
        return curves.isEmpty();
    }

    /// All values, those around the curves included.
    double[] values() {
        return curves.stream().flatMapToDouble(curve -> DoubleStream.concat(Arrays.stream(curve.y()), curve.spread()
                .map(spread -> DoubleStream.concat(Arrays.stream(spread.low()), Arrays.stream(spread.high()))).orElse(DoubleStream.empty())))
                .toArray();
    }

    String html() {
        double[] xs = curves.stream().flatMapToDouble(curve -> Arrays.stream(curve.x())).toArray();
        double[] ys = values();
        Scale x = Scale.exact(xs);
        Scale even = Scale.linear(view.zero() ? DoubleStream.concat(Arrays.stream(ys), DoubleStream.of(0)).toArray() : ys);
        Scale log = Scale.logarithmic(ys);
        boolean both = Arrays.stream(ys).anyMatch(value -> value > 0 && Double.isFinite(value));
        StringBuilder html = new StringBuilder();
        html.append("<figure class=\"chart").append(view.wide() ? " wide" : "").append(view.log() && both ? " show-log" : " show-even")
                .append("\" aria-label=\"").append(Html.text(title)).append("\">\n<figcaption><h3>").append(Html.text(title))
                .append("</h3><span class=\"unit\">").append(Html.text(unit)).append("</span>");
        if (both) {
            html.append("<button type=\"button\" class=\"scale\" aria-label=\"logarithmic or linear\"></button>");
        }
        html.append(legend()).append("</figcaption>\n<div class=\"plot\">\n");
        form(html, "even", x, even);
        if (both) {
            form(html, "log", x, log);
        }
        html.append("<div class=\"ticks-x\">");
        List<Double> ticks = x.ticks();
        for (double tick : ticks) {
            html.append("<span style=\"left:").append(percent(x.at(tick))).append("\">").append(Numbers.tick(tick)).append("</span>");
        }
        html.append("<em>").append(Html.text(across)).append("</em></div>\n");
        for (Mark mark : marks) {
            html.append("<div class=\"mark\" style=\"left:").append(percent(x.at(mark.x()))).append("\"><span>")
                    .append(Html.text(mark.name())).append("</span></div>");
        }
        html.append("<div class=\"cross\" hidden></div><div class=\"tip\" hidden></div>\n</div>\n<script type=\"application/json\">")
                .append(Html.json(data(x, even, log))).append("</script>\n</figure>\n");
        return html.toString();
    }

    private String legend() {
        StringBuilder html = new StringBuilder("<ul class=\"legend\">");
        for (Curve curve : curves) {
            html.append("<li class=\"c").append(curve.colour()).append(curve.style() == Curve.Style.FAINT ? " faint" : "").append("\">")
                    .append(Html.text(curve.name())).append("</li>");
        }
        return html.append("</ul>").toString();
    }

    private void form(StringBuilder html, String name, Scale x, Scale y) {
        html.append("<div class=\"ticks-y ").append(name).append("\">");
        for (double tick : y.ticks()) {
            html.append("<span style=\"bottom:").append(percent(y.at(tick))).append("\">").append(Numbers.tick(tick)).append("</span>");
        }
        html.append("</div>\n<svg class=\"").append(name).append("\" viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\">");
        StringBuilder grid = new StringBuilder();
        y.ticks().forEach(tick -> grid.append("M0 ").append(place(1 - y.at(tick))).append("H1000"));
        html.append("<path class=\"grid\" d=\"").append(grid).append("\"/>");
        for (Curve curve : curves) {
            curve.spread().ifPresent(spread -> html.append("<path class=\"band c").append(curve.colour()).append("\" d=\"")
                    .append(band(curve.x(), spread, x, y)).append("\"/>"));
            String style = curve.style() == Curve.Style.FAINT ? " faint" : "";
            html.append("<path class=\"c").append(curve.colour()).append(style).append("\" d=\"").append(path(curve, x, y)).append("\"/>");
            if (curve.style() == Curve.Style.POINTS || curve.x().length == 1) {
                html.append("<path class=\"dots c").append(curve.colour()).append("\" d=\"").append(dots(curve, x, y)).append("\"/>");
            }
        }
        html.append("</svg>\n");
    }

    /// A line through all points, or where they lie closer than the screen shows, through the lowest and highest of each
    /// column.
    private static String path(Curve curve, Scale x, Scale y) {
        StringBuilder path = new StringBuilder();
        int n = curve.x().length;
        int bucket = n > 2 * COLUMNS ? (n + COLUMNS - 1) / COLUMNS : 1;
        boolean down = false;
        for (int from = 0; from < n; from += bucket) {
            int low = -1;
            int high = -1;
            for (int i = from; i < Math.min(n, from + bucket); i++) {
                if (y.holds(curve.y()[i])) {
                    low = low < 0 || curve.y()[i] < curve.y()[low] ? i : low;
                    high = high < 0 || curve.y()[i] > curve.y()[high] ? i : high;
                }
            }
            if (low < 0) {
                down = false;
                continue;
            }
            for (int i : low == high ? new int[] {low} : new int[] {Math.min(low, high), Math.max(low, high)}) {
                path.append(down ? "L" : "M").append(place(x.at(curve.x()[i]))).append(' ').append(place(1 - y.at(curve.y()[i])));
                down = true;
            }
        }
        return path.toString();
    }

    /// The area between the lowest and the highest values.
    private static String band(double[] across, Curve.Spread spread, Scale x, Scale y) {
        StringBuilder path = new StringBuilder();
        int n = across.length;
        for (int i = 0; i < 2 * n; i++) {
            int point = i < n ? i : 2 * n - 1 - i;
            double value = (i < n ? spread.high() : spread.low())[point];
            if (y.holds(value)) {
                path.append(path.isEmpty() ? "M" : "L").append(place(x.at(across[point]))).append(' ').append(place(1 - y.at(value)));
            }
        }
        return path.append(path.isEmpty() ? "" : "Z").toString();
    }

    private static String dots(Curve curve, Scale x, Scale y) {
        StringBuilder path = new StringBuilder();
        for (int i : curve.some(COLUMNS)) {
            if (y.holds(curve.y()[i])) {
                path.append("M").append(place(x.at(curve.x()[i]))).append(' ').append(place(1 - y.at(curve.y()[i]))).append("h0");
            }
        }
        return path.toString();
    }

    private ObjectNode data(Scale x, Scale even, Scale log) {
        ObjectNode json = Json.object().put("across", across);
        json.set("x", ends(x, value -> value));
        json.set("even", ends(even, value -> value));
        json.set("log", ends(log, Math::log));
        ArrayNode list = json.putArray("curves");
        for (Curve curve : curves) {
            ObjectNode node = list.addObject().put("name", curve.name()).put("colour", curve.colour());
            ArrayNode across = node.putArray("x");
            ArrayNode values = node.putArray("y");
            for (int i : curve.some(VALUES)) {
                number(across, curve.x()[i]);
                number(values, curve.y()[i]);
            }
        }
        return json;
    }

    private static ArrayNode ends(Scale scale, Function<Double, Double> map) {
        return Json.mapper().createArrayNode().add(map.apply(scale.low())).add(map.apply(scale.high()));
    }

    private static void number(ArrayNode list, double value) {
        if (!Double.isFinite(value)) {
            list.addNull();
        } else if (value == Math.rint(value) && Math.abs(value) < 1L << 53) {
            list.add((long) value);
        } else {
            list.add(value);
        }
    }

    private static String place(double at) {
        double tenths = Math.round(at * SIZE * 10) / 10.0;
        return tenths == Math.rint(tenths) ? Long.toString((long) tenths) : Double.toString(tenths);
    }

    private static String percent(double at) {
        return Math.round(at * 10_000) / 100.0 + "%";
    }
}
