package dev.heddle.train.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/// A chart as an SVG image that stands alone, light and dark, for documents.
///
/// @param chart     what is drawn
/// @param logAcross whether the horizontal axis is logarithmic; its ticks are then the points' own places
record Plot(Chart chart, boolean logAcross) {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 440;
    private static final int LEFT = 62;
    private static final int RIGHT = 24;
    private static final int TOP = 64;
    private static final int BOTTOM = 84;
    private static final int LEGEND_CHARACTER = 8;

    String svg() {
        double[] xs = chart.curves().stream().flatMapToDouble(curve -> Arrays.stream(curve.x())).distinct().sorted().toArray();
        double[] ys = chart.values();
        Scale x = logAcross ? Scale.logarithmic(xs) : Scale.exact(xs);
        Scale y = chart.view().log() ? Scale.logarithmic(ys)
                : Scale.linear(chart.view().zero() ? DoubleStream.concat(Arrays.stream(ys), DoubleStream.of(0)).toArray() : ys);
        StringBuilder svg = new StringBuilder(String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">
                <style>
                %s.card { fill: var(--card); stroke: var(--line); }
                text { fill: var(--dim); font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; }
                .title { fill: var(--ink); font-size: 16px; font-weight: 600; }
                .grid { stroke: var(--line); fill: none; }
                .line { stroke: var(--k); fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
                .dot { fill: var(--k); }
                .band { fill: var(--k); opacity: .16; }
                </style>
                <rect class="card" x="0.5" y="0.5" width="%d" height="%d" rx="12"/>
                <text class="title" x="%d" y="28">%s</text>
                <text x="%d" y="48">%s</text>
                """, WIDTH, HEIGHT, WIDTH, HEIGHT, Html.text(chart.title()), Page.resource("colours.css"), WIDTH - 1, HEIGHT - 1, 20,
                Html.text(chart.title()), 20, Html.text(chart.unit())));
        for (double tick : y.ticks()) {
            double at = down(y, tick);
            svg.append(String.format(Locale.ROOT, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
                    LEFT, at, WIDTH - RIGHT, LEFT - 8, at + 4, Numbers.tick(tick)));
        }
        List<Double> ticks = logAcross ? Arrays.stream(xs).boxed().toList() : x.ticks();
        for (double tick : ticks) {
            svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n", across(x, tick),
                    HEIGHT - BOTTOM + 20, Numbers.tick(tick)));
        }
        svg.append(String.format(Locale.ROOT, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n", (LEFT + WIDTH - RIGHT) / 2,
                HEIGHT - BOTTOM + 40, Html.text(chart.across())));
        chart.curves().forEach(curve -> draw(svg, curve, x, y));
        legend(svg);
        return svg.append("</svg>\n").toString();
    }

    private static double across(Scale x, double value) {
        return LEFT + x.at(value) * (WIDTH - LEFT - RIGHT);
    }

    private static double down(Scale y, double value) {
        return HEIGHT - BOTTOM - y.at(value) * (HEIGHT - TOP - BOTTOM);
    }

    private static void draw(StringBuilder svg, Curve curve, Scale x, Scale y) {
        curve.spread().ifPresent(spread -> {
            double[] back = curve.x().clone();
            double[] low = spread.low().clone();
            for (int i = 0; i < back.length; i++) {
                back[i] = curve.x()[back.length - 1 - i];
                low[i] = spread.low()[back.length - 1 - i];
            }
            String there = points(curve.x(), spread.high(), x, y, true);
            svg.append("<path class=\"band c").append(curve.colour()).append("\" d=\"").append(there)
                    .append(points(back, low, x, y, there.isEmpty())).append("Z\"/>\n");
        });
        svg.append("<path class=\"line c").append(curve.colour()).append("\" d=\"").append(points(curve.x(), curve.y(), x, y, true))
                .append("\"/>\n");
        for (int i = 0; i < curve.x().length; i++) {
            if (curve.style() == Curve.Style.POINTS && y.holds(curve.y()[i])) {
                svg.append(String.format(Locale.ROOT, "<circle class=\"dot c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"><title>%s: %s, %.4g</title></circle>%n",
                        curve.colour(), across(x, curve.x()[i]), down(y, curve.y()[i]), Html.text(curve.name()),
                        Numbers.tick(curve.x()[i]), curve.y()[i]));
            }
        }
    }

    /// A path through the points that have a place.
    private static String points(double[] xs, double[] ys, Scale x, Scale y, boolean begins) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < xs.length; i++) {
            if (y.holds(ys[i])) {
                path.append(begins && path.isEmpty() ? "M" : "L")
                        .append(String.format(Locale.ROOT, "%.1f %.1f", across(x, xs[i]), down(y, ys[i])));
            }
        }
        return path.toString();
    }

    private void legend(StringBuilder svg) {
        int at = LEFT;
        for (Curve curve : chart.curves()) {
            svg.append(String.format(Locale.ROOT, "<path class=\"line c%d\" d=\"M%d %dh18\"/><text x=\"%d\" y=\"%d\">%s</text>%n", curve.colour(),
                    at, HEIGHT - 22, at + 25, HEIGHT - 17, Html.text(curve.name())));
            at += 45 + LEGEND_CHARACTER * curve.name().length();
        }
    }
}
