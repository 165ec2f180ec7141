package dev.heddle;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.state.StateTypes;
import dev.heddle.engine.GenerationDefaults;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.grammar.Grammars;
import dev.heddle.engine.grammar.OutputGrammar;
import dev.heddle.engine.serve.Scheduler;
import dev.heddle.engine.serve.SchedulerOptions;
import dev.heddle.engine.tool.ToolFormat;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/// A model that is ready to answer. Any number of threads may use it, each with sessions of its own: their answers run in
/// one batch. Closing it ends them all.
public final class HeddleModel implements AutoCloseable {
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final ModelSpec spec;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final ToolFormat toolFormat;
    private final Grammars grammars;
    private final GenerationDefaults defaults;
    private final Scheduler scheduler;

    HeddleModel(Checkpoint checkpoint, Backend backend, SchedulerOptions options, StateTypes types) {
        own(checkpoint);
        own(backend);
        try {
            tokenizer = own(Tokenizers.load(checkpoint.folder()));
            template = ChatTemplate.load(checkpoint.folder());
            toolFormat = ToolFormat.of(String.join("", ChatTemplate.sources(checkpoint.folder()).values()), tokenizer);
            grammars = new Grammars(tokenizer);
            defaults = GenerationDefaults.read(checkpoint.folder());
            LanguageModel language = own(LanguageModel.load(checkpoint, backend, types));
            spec = language.spec();
            scheduler = own(new Scheduler(language, options));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T own(T part) {
        owned.push(part);
        return part;
    }

    /// A new conversation or text.
    public Session session() {
        return new Session(this);
    }

    /// The architecture.
    public ModelSpec spec() {
        return spec;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /// What turns messages into text; absent if the model was not made to talk.
    public Optional<ChatTemplate> template() {
        return template;
    }

    /// How the model writes calls of tools, where its chat template knows any.
    public ToolFormat toolFormat() {
        return toolFormat;
    }

    /// A grammar of answers that look like `part`; its constraints go with a request to the [#scheduler].
    ///
    /// @throws dev.heddle.engine.grammar.SchemaException if it cannot be kept
    public OutputGrammar grammar(OutputGrammar.Part part) {
        return grammars.of(part);
    }

    /// How the model's makers recommend to generate with it.
    public AnswerOptions defaults() {
        return new AnswerOptions(defaults.sampling(), 0, defaults.maxTokens().orElse(-1), defaults.stop());
    }

    /// What runs the answers: for token ids, constraints, log-probabilities and counters.
    public Scheduler scheduler() {
        return scheduler;
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
