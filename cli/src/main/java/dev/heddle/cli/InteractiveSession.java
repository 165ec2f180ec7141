package dev.heddle.cli;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.GenerationOptions;
import dev.heddle.engine.Generator;
import dev.heddle.engine.LanguageModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/// A conversation in the terminal. With a chat template the whole conversation is the context, and only what is
/// new is fed to the model; without one every input is a prompt of its own, and `/more` goes on.
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

    private final LanguageModel language;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final Optional<String> system;
    private final GenerationOptions options;
    private final List<Message> messages = new ArrayList<>();
    private final StringBuilder transcript = new StringBuilder();
    private final AtomicBoolean cancelled = new AtomicBoolean();
    private SequenceState sequence;
    private int[] fed = new int[0];
    private int[] pending = new int[0];
    private Optional<Generator.Result> last = Optional.empty();
    private int turn;

    InteractiveSession(LanguageModel language, Tokenizer tokenizer, Optional<ChatTemplate> template, Optional<String> system,
            GenerationOptions options) {
        this.language = language;
        this.tokenizer = tokenizer;
        this.template = template;
        this.system = system;
        this.options = options;
        sequence = language.open();
    }

    void run() throws IOException {
        try (Terminal terminal = TerminalBuilder.builder().name("heddle").system(true).build()) {
            terminal.handle(Terminal.Signal.INT, _ -> cancelled.set(true));
            LineReader reader = LineReaderBuilder.builder().terminal(terminal)
                    .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                    .variable(LineReader.HISTORY_FILE, historyFile()).build();
            terminal.writer().println(language.spec().name() + (template.isPresent() ? "" : ", without a chat template: each input is a prompt")
                    + "; /help lists the commands, Ctrl-D leaves");
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
        } finally {
            sequence.close();
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
                reset();
                terminal.writer().println("(forgotten)");
            }
            case "/stats" -> terminal.writer().println(last.map(result -> Statistics.of(language, sequence, result))
                    .orElse("nothing has been generated yet"));
            case "/save" -> {
                if (words.length < 2) {
                    throw new IllegalArgumentException("/save needs a file name");
                }
                save(Path.of(words[1]));
                terminal.writer().println("(saved to " + words[1] + ")");
            }
            case "/more" -> {
                if (pending.length == 0) {
                    throw new IllegalArgumentException("there is nothing to go on from");
                }
                generate(pending, terminal);
            }
            default -> {
                if (words[0].startsWith("/") && words[0].length() > 1 && Character.isLetter(words[0].charAt(1))) {
                    throw new IllegalArgumentException(words[0] + " is no command; /help lists them");
                }
                answer(line, terminal);
            }
        }
        return true;
    }

    private void reset() {
        sequence.reset();
        fed = new int[0];
        pending = new int[0];
        messages.clear();
        transcript.setLength(0);
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

    private void answer(String text, Terminal terminal) {
        transcript.append("> ").append(text).append('\n');
        if (template.isEmpty()) {
            sequence.reset();
            fed = new int[0];
            generate(tokenizer.encode(text, true), terminal);
            return;
        }
        if (messages.isEmpty()) {
            system.ifPresent(content -> messages.add(Message.of("system", content)));
        }
        messages.add(Message.of("user", text));
        int[] ids = tokenizer.encode(template.get().render(messages, List.of(), true, Map.of()), false);
        int known = fed.length;
        if (known >= ids.length || Arrays.mismatch(fed, ids) != known) {
            // the template has rewritten earlier turns (dropped reasoning, say)
            sequence.reset();
            fed = new int[0];
            known = 0;
        }
        messages.add(Message.of("assistant", generate(Arrays.copyOfRange(ids, known, ids.length), terminal)));
    }

    private String generate(int[] prompt, Terminal terminal) {
        cancelled.set(false);
        StringBuilder text = new StringBuilder();
        GenerationOptions turnOptions = options.withSeed(options.seed() + turn++);
        Generator.Result result = new Generator(language, tokenizer).generate(sequence, prompt, turnOptions, piece -> {
            text.append(piece);
            terminal.writer().print(piece);
            terminal.flush();
        }, cancelled::get);
        terminal.writer().println(switch (result.end()) {
            case CANCELLED -> " (stopped)";
            case CONTEXT_FULL -> " (the context of " + options.context() + " tokens is full; /reset begins anew)";
            case LENGTH -> " (" + result.ids().length + " tokens; /more goes on)";
            case END_OF_SEQUENCE, STOP_TEXT -> "";
        });
        int[] all = Arrays.copyOf(fed, fed.length + prompt.length + result.ids().length);
        System.arraycopy(prompt, 0, all, fed.length, prompt.length);
        System.arraycopy(result.ids(), 0, all, fed.length + prompt.length, result.ids().length);
        fed = Arrays.copyOf(all, (int) sequence.position());
        pending = Arrays.copyOfRange(all, fed.length, all.length);
        transcript.append(text).append('\n');
        last = Optional.of(result);
        return text.toString();
    }
}
