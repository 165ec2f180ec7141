package dev.heddle.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/// The `heddle` command.
@Command(name = "heddle", mixinStandardHelpOptions = true, version = "heddle 0.1.0",
        description = "Design, train, run and serve hybrid state-space/attention language models.",
        subcommands = {
            RunCommand.class,
            SessionsCommand.class,
            ServeCommand.class,
            PullCommand.class,
            TokenizeCommand.class,
            TokenizerCommand.class,
            InspectCommand.class,
            ZooCommand.class,
            QuantizeCommand.class,
            PerplexityCommand.class,
            BenchCommand.class,
            LogitsCommand.class,
            GradsCommand.class,
            TrainCommand.class,
            ConvertCommand.class,
            ReportCommand.class,
            ClassifyCommand.class,
        },
        footer = {"", "MODEL is a folder with config.json and weights, a hub id owner/name, a preset name,",
            "or nothing for the small model that comes with Heddle.",
            "HEDDLE_JAVA_OPTS passes options to Java (-Xmx8g), HEDDLE_TRACE=1 shows where an error arose.", "",
            "Example: heddle run \"Once upon a time\""})
public final class Heddle {
    Heddle() {
    }

    public static void main(String[] args) {
        ErrorStream.takeOver();
        System.exit(execute(Output.utf8(), new PrintWriter(System.err, true), args));
    }

    /// Runs a command line and returns its exit code: 0 ok, 1 failed, 2 usage.
    ///
    /// @param out results
    /// @param err everything else
    public static int execute(PrintWriter out, PrintWriter err, String... args) {
        CommandLine command = new CommandLine(new Heddle());
        command.setOut(out);
        command.setErr(err);
        command.setCaseInsensitiveEnumValuesAllowed(true);
        command.setExecutionExceptionHandler((exception, line, _) -> failed(exception, line.getErr()));
        command.setParameterExceptionHandler((exception, _) -> {
            CommandLine line = exception.getCommandLine();
            line.getErr().println("heddle: " + exception.getMessage());
            line.getErr().println("Try 'heddle " + (line.getParent() == null ? "" : line.getCommandName() + " ") + "--help'.");
            return ExitCode.USAGE;
        });
        if (args.length == 0) {
            command.usage(out);
            return 0;
        }
        int code;
        try {
            code = command.execute(args);
        } catch (Error e) {
            code = failed(e, err);
        }
        out.flush();
        err.flush();
        return code;
    }

    private static int failed(Throwable thrown, PrintWriter err) {
        err.println("heddle: " + Failure.line(thrown));
        if (System.getenv("HEDDLE_TRACE") != null) {
            thrown.printStackTrace(err);
        }
        return thrown instanceof UsageException ? ExitCode.USAGE : 1;
    }
}
