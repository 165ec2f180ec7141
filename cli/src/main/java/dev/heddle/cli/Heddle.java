package dev.heddle.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;

/// The `heddle` command.
@Command(name = "heddle", mixinStandardHelpOptions = true, version = "heddle 0.1.0",
        description = "Design, train, run and serve hybrid state-space/attention language models.",
        footer = {"", "MODEL is a folder with config.json and weights, a hub id owner/name, a preset name,",
            "or nothing for the small model that comes with Heddle.",
            "HEDDLE_JAVA_OPTS passes options to Java (-Xmx8g), HEDDLE_TRACE=1 shows where an error arose.", "",
            "Example: heddle run \"Once upon a time\""})
public final class Heddle {
    private static final Map<String, Supplier<Object>> COMMANDS = commands();

    Heddle() {
    }

    private static Map<String, Supplier<Object>> commands() {
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("run", RunCommand::new);
        commands.put("sessions", SessionsCommand::new);
        commands.put("serve", ServeCommand::new);
        commands.put("pull", PullCommand::new);
        commands.put("tokenize", TokenizeCommand::new);
        commands.put("tokenizer", TokenizerCommand::new);
        commands.put("inspect", InspectCommand::new);
        commands.put("zoo", ZooCommand::new);
        commands.put("quantize", QuantizeCommand::new);
        commands.put("perplexity", PerplexityCommand::new);
        commands.put("bench", BenchCommand::new);
        commands.put("logits", LogitsCommand::new);
        commands.put("grads", GradsCommand::new);
        commands.put("train", TrainCommand::new);
        commands.put("convert", ConvertCommand::new);
        commands.put("report", ReportCommand::new);
        commands.put("classify", ClassifyCommand::new);
        return commands;
    }

    /// A parser that knows the command called `first`, or all if there is none: a tenth of a second goes into
    /// describing all of them.
    static CommandLine parser(String first) {
        CommandLine parser = new CommandLine(new Heddle());
        COMMANDS.forEach((name, command) -> {
            if (name.equals(first) || !COMMANDS.containsKey(first)) {
                parser.addSubcommand(name, command.get());
            }
        });
        return parser;
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
        CommandLine command = parser(args.length == 0 ? "" : args[0]);
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
