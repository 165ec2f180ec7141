package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/// A conversation in the terminal.
final class InteractiveSession {
    private static final String HELP = """
            /help        this
            /more        go on where the last answer ended
            /stats       speed and memory of the last answer
            /reset       forget the conversation
            /save FILE   write the conversation to a file
            /bye         leave (also Ctrl-D)

            End a line with \\ to go on in the next one, or put several lines between \"\"\" and \"\"\".
            Ctrl-C stops an answer.
            """;

    private final Dialogue dialogue;
    private final StringBuilder transcript = new StringBuilder();

    /// @param dialogue answers; closing it is the caller's
    InteractiveSession(Dialogue dialogue) {
        this.dialogue = dialogue;
    }

    void run() throws IOException {
        try (Terminal terminal = TerminalBuilder.builder().name("heddle").system(true).build()) {
            terminal.handle(Terminal.Signal.INT, _ -> dialogue.stop());
            LineReader reader = LineReaderBuilder.builder().terminal(terminal)
                    .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                    .variable(LineReader.HISTORY_FILE, historyFile()).build();
            terminal.writer().println(dialogue.greeting() + "; /help lists the commands, Ctrl-D leaves");
            while (true) {
                String line;
                try {
                    line = read(reader);
                } catch (UserInterruptException e) {
                    terminal.writer().println("(Ctrl-D or /bye leaves)");
                    continue;
                } catch (EndOfFileException e) {
                    return;
                }
                if (line.isBlank()) {
                    continue;
                }
                try {
                    if (!handle(line, terminal)) {
                        return;
                    }
                } catch (IllegalArgumentException | IllegalStateException | CheckpointException | UncheckedIOException e) {
                    terminal.writer().println("heddle: " + Failure.line(e));
                }
                terminal.flush();
            }
        }
    }

    private static Path historyFile() {
        String state = System.getenv("XDG_STATE_HOME");
        Path folder = state == null || state.isBlank() ? Path.of(System.getProperty("user.home"), ".local", "state") : Path.of(state);
        return folder.resolve("heddle").resolve("history");
    }

    private static String read(LineReader reader) {
        String line = reader.readLine("> ");
        if (line.strip().startsWith("\"\"\"")) {
            StringBuilder text = new StringBuilder(line.strip().substring(3));
            while (text.indexOf("\"\"\"") < 0) {
                text.append('\n').append(reader.readLine("… "));
            }
            return text.substring(0, text.indexOf("\"\"\"")).strip();
        }
        StringBuilder text = new StringBuilder();
        while (line.endsWith("\\")) {
            text.append(line, 0, line.length() - 1).append('\n');
            line = reader.readLine("… ");
        }
        return text.append(line).toString();
    }

    /// Whether to go on.
    private boolean handle(String line, Terminal terminal) {
        String[] words = line.strip().split("\\s+", 2);
        switch (words[0]) {
            case "/help", "/?" -> terminal.writer().print(HELP);
            case "/bye", "/exit", "/quit" -> {
                return false;
            }
            case "/reset" -> {
                dialogue.reset();
                transcript.setLength(0);
                terminal.writer().println("(forgotten)");
            }
            case "/stats" -> terminal.writer().println(dialogue.statistics());
            case "/save" -> {
                if (words.length < 2) {
                    throw new IllegalArgumentException("/save needs a file name");
                }
                save(Path.of(words[1]));
                terminal.writer().println("(saved to " + words[1] + ")");
            }
            case "/more" -> show(dialogue::more, terminal);
            default -> {
                if (words[0].startsWith("/") && words[0].length() > 1 && Character.isLetter(words[0].charAt(1))) {
                    throw new IllegalArgumentException(words[0] + " is no command; /help lists them");
                }
                transcript.append("> ").append(line).append('\n');
                show(output -> dialogue.answer(line, output), terminal);
            }
        }
        return true;
    }

    private void save(Path file) {
        OutputFile.require(file);
        try {
            Path target = file.toAbsolutePath();
            Files.createDirectories(target.getParent());
            Path temporary = target.resolveSibling(file.getFileName() + ".part");
            Files.writeString(temporary, transcript);
            Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    private void show(Function<Consumer<String>, String> answer, Terminal terminal) {
        String end = answer.apply(piece -> {
            transcript.append(piece);
            terminal.writer().print(piece);
            terminal.flush();
        });
        terminal.writer().println(end);
        transcript.append('\n');
    }
}
