package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.spec.SpecException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/// The `heddle` command.
@Command(name = "heddle", mixinStandardHelpOptions = true, version = "heddle 0.1.0",
        description = "Design, train, run and serve hybrid state-space/attention language models.",
        subcommands = {
            RunCommand.class,
            PullCommand.class,
            TokenizeCommand.class,
            InspectCommand.class,
            BenchCommand.class,
            LogitsCommand.class,
            GradsCommand.class,
        },
        footer = {"", "MODEL is a folder with config.json and weights, a hub id owner/name, a preset name,",
            "or nothing for the small model that comes with Heddle.", "",
            "Example: heddle run \"Once upon a time\""})
public final class Heddle {
    private Heddle() {
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
        command.setExecutionExceptionHandler((exception, line, result) -> {
            if (exception instanceof UsageException) {
                line.getErr().println("heddle: " + exception.getMessage());
                return ExitCode.USAGE;
            }
            line.getErr().println("heddle: " + message(exception));
            if (System.getenv("HEDDLE_TRACE") != null) {
                exception.printStackTrace(line.getErr());
            }
            return 1;
        });
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
        int code = command.execute(args);
        out.flush();
        err.flush();
        return code;
    }

    /// One sentence for the user, without a stack trace.
    private static String message(Exception exception) {
        if (exception instanceof CheckpointException || exception instanceof SpecException
                || exception instanceof IllegalArgumentException || exception instanceof IllegalStateException) {
            return exception.getMessage();
        }
        String message = exception.getMessage();
        return exception.getClass().getSimpleName() + (message == null ? "" : ": " + message);
    }
}
