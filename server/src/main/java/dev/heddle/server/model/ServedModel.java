package dev.heddle.server.model;

import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.engine.GenerationDefaults;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.grammar.Grammars;
import dev.heddle.engine.grammar.OutputGrammar;
import dev.heddle.engine.serve.Scheduler;
import dev.heddle.engine.serve.SchedulerOptions;
import dev.heddle.engine.tool.ToolFormat;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/// A model under the name by which clients ask for it, with its scheduler and the grammars that recent requests used.
/// Safe for use by several threads. Closing it closes the model and the tokenizer.
public final class ServedModel implements AutoCloseable {
    private final String name;
    private final long created = Instant.now().getEpochSecond();
    private final LanguageModel language;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final ToolFormat toolFormat;
    private final GenerationDefaults defaults;
    private final Scheduler scheduler;
    private final Architecture architecture;
    private final Grammars grammars;

    /// @param template       turns conversations into text
    /// @param templateSource its text, which tells how the model writes tool calls; empty without one
    /// @param defaults       what a request leaves open
    public ServedModel(String name, LanguageModel language, Tokenizer tokenizer, Optional<ChatTemplate> template, String templateSource,
            GenerationDefaults defaults, SchedulerOptions options) {
        this.name = name;
        this.language = language;
        this.tokenizer = tokenizer;
        this.template = template;
        this.defaults = defaults;
        grammars = new Grammars(tokenizer);
        toolFormat = ToolFormat.of(templateSource, tokenizer);
        scheduler = new Scheduler(language, options);
        architecture = Architecture.of(language.spec()).with(language.states().types());
    }

    public String name() {
        return name;
    }

    /// Seconds since 1970.
    public long created() {
        return created;
    }

    public LanguageModel language() {
        return language;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public Optional<ChatTemplate> template() {
        return template;
    }

    public ToolFormat toolFormat() {
        return toolFormat;
    }

    public GenerationDefaults defaults() {
        return defaults;
    }

    public Scheduler scheduler() {
        return scheduler;
    }

    public Architecture architecture() {
        return architecture;
    }

    /// Tokens that end an answer.
    public Set<Integer> ends() {
        return tokenizer.special().eos();
    }

    /// The grammar of answers that look like `part`, perhaps one that an earlier request has made.
    ///
    /// @throws dev.heddle.engine.grammar.SchemaException if it cannot be kept
    public OutputGrammar grammar(OutputGrammar.Part part) {
        return grammars.of(part);
    }

    @Override
    public void close() {
        scheduler.close();
        language.close();
        tokenizer.close();
    }
}
