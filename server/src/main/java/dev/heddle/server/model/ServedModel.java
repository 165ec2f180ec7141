package dev.heddle.server.model;

import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.engine.GenerationDefaults;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.grammar.OutputGrammar;
import dev.heddle.engine.grammar.Vocabulary;
import dev.heddle.engine.serve.Scheduler;
import dev.heddle.engine.serve.SchedulerOptions;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A model under the name by which clients ask for it, with its scheduler and the grammars that recent requests used.
/// Safe for use by several threads. Closing it closes the model and the tokenizer.
public final class ServedModel implements AutoCloseable {
    private static final int GRAMMARS = 32;

    private final String name;
    private final long created = Instant.now().getEpochSecond();
    private final LanguageModel language;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final ToolFormat toolFormat;
    private final GenerationDefaults defaults;
    private final Scheduler scheduler;
    private final Architecture architecture;
    private final Map<OutputGrammar.Part, OutputGrammar> grammars = new LinkedHashMap<>(16, 0.75f, true);
    private Optional<Vocabulary> vocabulary = Optional.empty();

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
        toolFormat = ToolFormat.of(templateSource, tokenizer);
        scheduler = new Scheduler(language, options);
        architecture = Architecture.of(language.spec());
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
        synchronized (grammars) {
            OutputGrammar known = grammars.get(part);
            if (known != null) {
                return known;
            }
        }
        OutputGrammar made = new OutputGrammar(vocabulary(), ends(), part);
        synchronized (grammars) {
            grammars.put(part, made);
            if (grammars.size() > GRAMMARS) {
                Iterator<OutputGrammar.Part> oldest = grammars.keySet().iterator();
                oldest.next();
                oldest.remove();
            }
        }
        return made;
    }

    private synchronized Vocabulary vocabulary() {
        if (vocabulary.isEmpty()) {
            vocabulary = Optional.of(Vocabulary.of(tokenizer));
        }
        return vocabulary.get();
    }

    @Override
    public void close() {
        scheduler.close();
        language.close();
        tokenizer.close();
    }
}
