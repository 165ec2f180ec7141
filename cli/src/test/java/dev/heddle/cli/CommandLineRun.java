package dev.heddle.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;

/// What a command line printed and how it ended.
record CommandLineRun(int code, String out, String err) {
    static CommandLineRun of(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Heddle.execute(new PrintWriter(out), new PrintWriter(err), arguments);
        return new CommandLineRun(code, out.toString(), err.toString());
    }

    List<String> errors() {
        return err.lines().filter(line -> !line.contains("small demonstration model")).toList();
    }
}
