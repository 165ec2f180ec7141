package dev.heddle.engine;

import dev.heddle.core.state.RecurrentType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Drift against position, as a table and as a drawing: one panel for each type of state.
final class StateDriftFigure {
    private static final String[] COLOURS = {"#d1495b", "#1b6ca8", "#2e933c", "#8e44ad", "#e08e0b", "#00798c", "#6b4226"};
    private static final int WIDTH = 330;
    private static final int HEIGHT = 300;
    private static final int LEFT = 60;
    private static final int TOP = 50;
    /// Powers of ten from bottom to top.
    private static final int LOW = -9;
    private static final int HIGH = -1;
    /// Positions of one point of a curve.
    private static final int STRETCH = 100;

    private StateDriftFigure() {
    }

    /// Writes `state-drift.csv` and `state-drift.svg`.
    static void write(Path folder, Map<String, Map<RecurrentType, StateDrift>> drifts) throws IOException {
        List<String> table = new ArrayList<>();
        table.add("model,state,position,kl_divergence,largest_logit_difference");
        drifts.forEach((model, types) -> types.forEach((type, drift) -> {
            for (int end = STRETCH; end <= drift.divergence().length; end += STRETCH) {
                table.add(String.format(Locale.ROOT, "\"%s\",%s,%d,%.3g,%.3g", model, name(type), end, mean(drift.divergence(), end),
                        largest(drift.difference(), end)));
            }
        }));
        Files.write(folder.resolve("state-drift.csv"), table);
        StringBuilder svg = new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 820 460\" "
                + "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"820\" height=\"460\" fill=\"white\"/>\n");
        int left = LEFT;
        for (RecurrentType type : new RecurrentType[] {RecurrentType.BF16, RecurrentType.INT8}) {
            panel(svg, left, type, drifts);
            left += WIDTH + 70;
        }
        int place = 0;
        for (String model : drifts.keySet()) {
            int x = LEFT + place % 4 * 190;
            int y = TOP + HEIGHT + 54 + place / 4 * 22;
            svg.append(String.format(Locale.ROOT, "<path d=\"M%d %dh22\" stroke=\"%s\" stroke-width=\"2\"/><text x=\"%d\" y=\"%d\">%s</text>%n", x, y - 4,
                    COLOURS[place % COLOURS.length], x + 28, y, model));
            place++;
        }
        Files.writeString(folder.resolve("state-drift.svg"), svg.append("</svg>\n"));
    }

    private static String name(RecurrentType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    private static void panel(StringBuilder svg, int left, RecurrentType type, Map<String, Map<RecurrentType, StateDrift>> drifts) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%d\" y=\"%d\">KL divergence from f32 states, nats: %s</text>%n", left, TOP - 16, name(type)));
        for (int power = LOW; power <= HIGH; power++) {
            double y = TOP + HEIGHT * (HIGH - power) / (double) (HIGH - LOW);
            svg.append(String.format(Locale.ROOT, "<path d=\"M%d %.1fh%d\" stroke=\"#dddddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">1e%d</text>%n",
                    left, y, WIDTH, left - 8, y + 4, power));
        }
        int points = drifts.values().iterator().next().get(type).divergence().length / STRETCH;
        for (int tick = 0; tick <= 4; tick++) {
            svg.append(String.format(Locale.ROOT, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%,d</text>%n", left + WIDTH * tick / 4,
                    TOP + HEIGHT + 18, points * STRETCH * tick / 4));
        }
        int place = 0;
        for (Map<RecurrentType, StateDrift> types : drifts.values()) {
            StringBuilder path = new StringBuilder();
            for (int i = 1; i <= points; i++) {
                double power = Math.clamp(Math.log10(Math.max(mean(types.get(type).divergence(), i * STRETCH), 1e-300)), LOW, HIGH);
                path.append(String.format(Locale.ROOT, "%s%.1f %.1f", i == 1 ? "M" : "L", left + WIDTH * (i - 0.5) / points,
                        TOP + HEIGHT * (HIGH - power) / (HIGH - LOW)));
            }
            svg.append(String.format("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>%n", path, COLOURS[place++ % COLOURS.length]));
        }
        svg.append(String.format(Locale.ROOT, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">tokens decoded</text>%n", left + WIDTH / 2, TOP + HEIGHT + 34));
    }

    private static double mean(double[] values, int end) {
        double sum = 0;
        for (int i = end - STRETCH; i < end; i++) {
            sum += values[i];
        }
        return sum / STRETCH;
    }

    private static double largest(double[] values, int end) {
        double most = 0;
        for (int i = end - STRETCH; i < end; i++) {
            most = Math.max(most, values[i]);
        }
        return most;
    }
}
