package dev.heddle.cli;

import dev.heddle.Answer;
import dev.heddle.AnswerOptions;
import dev.heddle.HeddleModel;
import dev.heddle.Session;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/// A dialogue that is saved after each answer and goes on when the program is started again: a conversation with a model
/// that has a chat template, a text that grows with one that has none.
final class SavedDialogue implements Dialogue {
    private final HeddleModel model;
    private final Path folder;
    private final SessionFile file;
    private final Optional<String> system;
    private final AnswerOptions options;
    private Session session;
    private Optional<Answer> last = Optional.empty();

    /// @param folder where the model lies
    /// @param system begins a new conversation; an old one has its own
    SavedDialogue(HeddleModel model, Path folder, SessionFile file, Optional<String> system, AnswerOptions options) {
        this.model = model;
        this.folder = folder;
        this.file = file;
        this.system = system;
        this.options = options;
        session = file.open(model);
        begin();
    }

    private void begin() {
        if (session.messages().isEmpty()) {
            system.ifPresent(session::system);
        }
    }

    @Override
    public String greeting() {
        int turns = (int) session.messages().stream().filter(message -> message.role().equals("user")).count();
        return model.spec().name() + ", session " + file.name() + ": " + (model.template().isPresent()
                ? turns + (turns == 1 ? " turn" : " turns") : "a text of " + session.tokens().length + " tokens") + " so far";
    }

    @Override
    public String answer(String text, Consumer<String> output) {
        return said(model.template().isPresent() ? session.chat(text, turn(), output) : session.generate(text, turn(), output));
    }

    @Override
    public String more(Consumer<String> output) {
        if (model.template().isPresent() || session.tokens().length == 0) {
            throw new IllegalArgumentException("there is nothing to go on from");
        }
        return said(session.generate("", turn(), output));
    }

    /// Another seed for each turn, the same after a restart.
    private AnswerOptions turn() {
        return options.withSeed(options.seed() + session.messages().stream().filter(message -> message.role().equals("assistant")).count() + session.tokens().length);
    }

    private String said(Answer answer) {
        last = Optional.of(answer);
        file.save(folder, session, model.template().isPresent());
        return switch (answer.finish()) {
            case CANCELLED -> " (stopped)";
            case TIMEOUT -> " (stopped: it took too long)";
            case CONTEXT -> " (the context of " + model.scheduler().context() + " tokens is full; /reset begins anew)";
            case LENGTH -> " (" + answer.usage().generated() + " tokens" + (model.template().isPresent() ? ")" : "; /more goes on)");
            case STOP, FAILED -> "";
        };
    }

    @Override
    public void stop() {
        session.stop();
    }

    @Override
    public void reset() {
        session = model.session();
        begin();
        file.save(folder, session, model.template().isPresent());
    }

    @Override
    public String statistics() {
        return last.map(Statistics::of).orElse("nothing has been generated yet");
    }

    @Override
    public void close() {
        session.stop();
    }
}
