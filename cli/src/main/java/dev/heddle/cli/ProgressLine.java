package dev.heddle.cli;

import java.io.PrintWriter;
import java.util.Locale;

/// One line that says how far long work has come: rewritten in place on a terminal, now and then a plain line
/// elsewhere.
final class ProgressLine implements AutoCloseable {
    private final PrintWriter err;
    private final boolean terminal;
    private final long interval;
    private long next;
    private int width;

    ProgressLine(PrintWriter err) {
        this.err = err;
        terminal = Output.isTerminal();
        interval = terminal ? 100_000_000L : 5_000_000_000L;
        next = System.nanoTime() + (terminal ? 0 : interval);
    }

    /// Shows how many of `total` bytes are done.
    void bytes(String what, long done, long total, double perSecond) {
        long now = System.nanoTime();
        if (now < next && done < total) {
            return;
        }
        next = now + interval;
        double left = perSecond > 0 ? (total - done) / perSecond : 0;
        show(String.format(Locale.ROOT, "%s  %s of %s (%.0f %%)  %s/s%s", what, Bytes.text(done), Bytes.text(total),
                total == 0 ? 100 : 100.0 * done / total, Bytes.text((long) perSecond),
                done < total && perSecond > 0 ? "  " + duration(left) + " left" : ""));
    }

    /// Shows any state of the work; elsewhere than on a terminal only now and then, and the last.
    void text(String line, boolean last) {
        long now = System.nanoTime();
        if (now < next && !last) {
            return;
        }
        next = now + interval;
        show(line);
    }

    /// Leaves what is shown and begins a new line.
    void end() {
        if (terminal && width > 0) {
            err.println();
            err.flush();
            width = 0;
        }
    }

    static String duration(double seconds) {
        long s = Math.round(seconds);
        return s < 60 ? s + " s" : s < 3600 ? String.format(Locale.ROOT, "%d:%02d min", s / 60, s % 60)
                : String.format(Locale.ROOT, "%d:%02d h", s / 3600, s / 60 % 60);
    }

    private void show(String line) {
        if (terminal) {
            err.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
            width = line.length();
        } else {
            err.println(line);
        }
        err.flush();
    }

    @Override
    public void close() {
        end();
    }
}
