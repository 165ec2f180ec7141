package dev.heddle.cli;

import dev.heddle.train.report.ComparisonReport;
import dev.heddle.train.report.RecordedRun;
import dev.heddle.train.report.RunReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle report`: one training, or several side by side, as an HTML page.
@Command(name = "report", mixinStandardHelpOptions = true,
        description = "Draw a training's report anew, or compare several: validation loss against tokens and time, with a table. "
                + "The page is one HTML file that loads nothing.",
        footer = {"", "Examples:", "  heddle report runs/story-hybrid",
            "  heddle report runs/story-hybrid runs/story-recurrent runs/story-attention -o comparison.html",
            "  heddle report runs/recall-*/ -o recall.html --plot recall.svg"})
final class ReportCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "RUN_DIR", arity = "1..*", description = "output folders of 'heddle train'")
    List<Path> folders;

    @Option(names = {"--output", "-o"}, paramLabel = "FILE", description = "page to write; default report.html in the folder of a single run")
    Optional<Path> output = Optional.empty();

    @Option(names = "--plot", paramLabel = "FILE", description = "also draw one image of all runs (SVG): accuracy by pairs of recall "
            + "tasks, else validation loss; runs that differ in nothing but their seed become one curve of recall")
    Optional<Path> plot = Optional.empty();

    @Override
    public Integer call() {
        if (folders.size() > 1 && output.isEmpty()) {
            throw new UsageException("a comparison needs a file to be written to: -o FILE");
        }
        Path file = output.orElseGet(() -> folders.getFirst().resolve(RecordedRun.REPORT));
        OutputFile.require(file);
        plot.ifPresent(OutputFile::require);
        List<RecordedRun> runs = folders.stream().map(RecordedRun::read).toList();
        if (runs.size() == 1) {
            new RunReport(runs.getFirst()).write(file);
        } else {
            new ComparisonReport(runs).write(file);
        }
        spec.commandLine().getOut().println(file);
        plot.ifPresent(image -> {
            new ComparisonReport(runs).plot(image);
            spec.commandLine().getOut().println(image);
        });
        return 0;
    }
}
