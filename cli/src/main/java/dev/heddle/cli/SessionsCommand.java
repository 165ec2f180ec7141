package dev.heddle.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `heddle sessions`: the conversations that `heddle run --session` keeps.
@Command(name = "sessions", mixinStandardHelpOptions = true,
        description = "List the conversations that 'heddle run --session NAME' keeps, or delete some.",
        footer = {"", "They lie in HEDDLE_HOME, by default ~/.cache/heddle.", "",
            "Example: heddle sessions --delete holiday"})
final class SessionsCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Option(names = "--delete", paramLabel = "NAME", description = "delete this one (repeatable)")
    List<String> delete = new ArrayList<>();

    @Override
    public Integer call() {
        for (String name : delete) {
            if (!SessionFile.of(name).delete()) {
                throw new UsageException("there is no session " + name + "; 'heddle sessions' lists them");
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        if (delete.isEmpty()) {
            for (SessionFile session : SessionFile.all()) {
                out.println(session.name() + "  " + session.extent() + "  " + session.model());
            }
        }
        return 0;
    }
}
