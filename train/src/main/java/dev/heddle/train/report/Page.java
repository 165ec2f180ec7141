package dev.heddle.train.report;

import dev.heddle.train.TrainingException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/// A page that needs nothing beside itself: style and script are inside.
final class Page {
    private final StringBuilder body = new StringBuilder();
    private final String title;

    Page(String title) {
        this.title = title;
    }

    /// Appends HTML.
    Page add(String html) {
        body.append(html).append('\n');
        return this;
    }

    /// Appends a section with a heading.
    Page section(String heading, String html) {
        return add("<section><h2>" + Html.text(heading) + "</h2>\n" + html + "</section>");
    }

    /// Appends charts, three side by side or two if that leaves no gap; empty ones are left out.
    Page charts(List<Chart> charts) {
        List<Chart> drawn = charts.stream().filter(chart -> !chart.isEmpty()).toList();
        long narrow = drawn.stream().filter(chart -> !chart.view().wide()).count();
        StringBuilder html = new StringBuilder("<div class=\"charts").append(narrow % 3 != 0 && narrow % 2 == 0 ? " two" : "").append("\">\n");
        drawn.stream().map(Chart::html).forEach(html::append);
        return add(html + "</div>");
    }

    String html() {
        return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>%s</title>
                <style>
                %s%s</style>
                </head>
                <body>
                <main>
                """.formatted(Html.text(title), resource("colours.css"), resource("report.css")) + body + "</main>\n<script>\n" + resource("report.js")
                + "</script>\n</body>\n</html>\n";
    }

    /// Writes the page beside its place and moves it there.
    void write(Path file) {
        write(file, html());
    }

    /// Writes `text` beside its place and moves it there.
    static void write(Path file, String text) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Path part = file.resolveSibling(file.getFileName() + ".part");
            Files.writeString(part, text);
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new TrainingException(file + ": cannot be written (" + e.getMessage() + ")", e);
        }
    }

    /// A text that lies beside the classes.
    static String resource(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the resource " + name + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
