package dev.heddle.engine;

import java.util.List;

/// Watches a stream of text for the texts that end it, holding back what may be the beginning of one.
public final class StopText {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean found;

    public StopText(List<String> stops) {
        this.stops = stops;
    }

    /// Takes a piece and returns the text that is certain not to be part of a stop.
    public String feed(String piece) {
        if (stops.isEmpty()) {
            return piece;
        }
        held.append(piece);
        int end = Integer.MAX_VALUE;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0) {
                end = Math.min(end, at);
            }
        }
        if (end != Integer.MAX_VALUE) {
            found = true;
            String text = held.substring(0, end);
            held.setLength(0);
            return text;
        }
        int keep = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > keep; n--) {
                if (stop.startsWith(held.substring(held.length() - n))) {
                    keep = n;
                }
            }
        }
        String text = held.substring(0, held.length() - keep);
        held.delete(0, held.length() - keep);
        return text;
    }

    /// Whether a stop text has come.
    public boolean found() {
        return found;
    }

    /// What was held back and turned out to be no stop.
    public String finish() {
        String text = held.toString();
        held.setLength(0);
        return text;
    }
}
