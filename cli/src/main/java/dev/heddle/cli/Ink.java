package dev.heddle.cli;

/// Colours of the terminal; without colour the text itself.
enum Ink {
    PLAIN(""), BOLD("1"), DIM("2"), RED("31"), GREEN("32"), YELLOW("33"), BLUE("34"), MAGENTA("35"), CYAN("36"),
    BRIGHT_RED("91"), BRIGHT_GREEN("92"), BRIGHT_BLUE("94");

    private final String code;

    Ink(String code) {
        this.code = code;
    }

    String on(String text, boolean colour) {
        return colour && !code.isEmpty() && !text.isEmpty() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
