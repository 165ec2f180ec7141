package dev.heddle.core.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Error and memory against position, as a table and as a drawing.
final class LongContextFigure {
    private static final String[] COLOURS = {"#1b6ca8", "#d1495b", "#2e933c", "#8e44ad", "#e08e0b", "#00798c", "#6b4226", "#c2185b",
        "#5c6f2b", "#3949ab", "#7f8c8d", "#b8860b"};
    private static final int WIDTH = 560;
    private static final int HEIGHT = 280;
    private static final int LEFT = 70;
    private static final int TOP = 40;

    private LongContextFigure() {
    }

    /// Writes `long-context.csv` and `long-context.svg`.
    ///
    /// @param stretch positions between two points
    /// @param errors  a curve for each name
    /// @param bytes   a curve for each name
    static void write(Path folder, int stretch, Map<String, double[]> errors, Map<String, double[]> bytes) throws IOException {
        Files.createDirectories(folder);
        List<String> table = new ArrayList<>();
        table.add("mixer,position,largest_relative_error,state_bytes");
        errors.forEach((name, curve) -> {
            for (int i = 0; i < curve.length; i++) {
                table.add(String.format(Locale.ROOT, "%s,%d,%.3g,%.0f", name, (i + 1) * stretch, curve[i], bytes.get(name)[i]));
            }
        });
        Files.write(folder.resolve("long-context.csv"), table);
        StringBuilder svg = new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 820 700\" "
                + "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"820\" height=\"700\" fill=\"white\"/>\n");
        int points = errors.values().iterator().next().length;
        panel(svg, TOP, "largest difference from one run in double precision, relative", errors, points, stretch, -8, -3);
        panel(svg, TOP + HEIGHT + 70, "bytes of a sequence's state", bytes, points, stretch, 2, 6);
        int row = 0;
        for (String name : errors.keySet()) {
            svg.append(String.format(Locale.ROOT, "<path d=\"M%d %dh22\" stroke=\"%s\" stroke-width=\"2\"/><text x=\"%d\" y=\"%d\">%s</text>%n",
                    LEFT + WIDTH + 20, TOP + 20 * row + 10, COLOURS[row % COLOURS.length], LEFT + WIDTH + 48, TOP + 20 * row + 14, name));
            row++;
        }
        Files.writeString(folder.resolve("long-context.svg"), svg.append("</svg>\n"));
    }

    /// Curves on a logarithmic scale from 10^`low` to 10^`high`.
    private static void panel(StringBuilder svg, int top, String title, Map<String, double[]> curves, int points, int stretch,
            int low, int high) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%d\" y=\"%d\">%s</text>%n", LEFT, top - 12, title));
        for (int power = low; power <= high; power++) {
            double y = top + HEIGHT * (high - power) / (double) (high - low);
            svg.append(String.format(Locale.ROOT, "<path d=\"M%d %.1fh%d\" stroke=\"#dddddd\"/><text x=\"%d\" y=\"%.1f\" "
                    + "text-anchor=\"end\">1e%d</text>%n", LEFT, y, WIDTH, LEFT - 8, y + 4, power));
        }
        for (int tick = 0; tick <= 4; tick++) {
            svg.append(String.format(Locale.ROOT, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%,d</text>%n", LEFT + WIDTH * tick / 4,
                    top + HEIGHT + 18, (long) points * stretch * tick / 4));
        }
        int row = 0;
        for (double[] curve : curves.values()) {
            StringBuilder path = new StringBuilder();
            for (int i = 0; i < points; i++) {
                double power = Math.clamp(Math.log10(Math.max(curve[i], 1e-300)), low, high);
                path.append(String.format(Locale.ROOT, "%s%.1f %.1f", i == 0 ? "M" : "L", LEFT + WIDTH * (i + 1.0) / points,
                        top + HEIGHT * (high - power) / (high - low)));
            }
            svg.append(String.format("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>%n", path,
                    COLOURS[row++ % COLOURS.length]));
        }
    }
}
