package dev.heddle.cli;

import picocli.CommandLine.Option;

/// Options for commands that draw.
final class ScreenOptions {
    @Option(names = "--color", paramLabel = "WHEN", defaultValue = "auto", description = "auto, always or never; default ${DEFAULT-VALUE}")
    String colour;

    @Option(names = "--width", paramLabel = "COLUMNS", description = "instead of the terminal's width")
    Integer width;

    Screen screen() {
        if (width != null && (width < Screen.LEAST || width > 10_000)) {
            throw new UsageException("--width must be from " + Screen.LEAST + " to 10000, not " + width);
        }
        Screen detected = Screen.detect();
        return new Screen(width == null ? detected.width() : width, switch (colour) {
            case "auto" -> detected.colour();
            case "always" -> true;
            case "never" -> false;
            default -> throw new UsageException("--color must be auto, always or never, not " + colour);
        });
    }
}
