package dev.heddle.engine.grammar;

import dev.heddle.checkpoint.tokenizer.Tokenizer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// The grammars of one model's answers that were used last: one knows more the longer it is kept. Safe for use by several
/// threads.
public final class Grammars {
    private static final int KEPT = 32;

    private final Tokenizer tokenizer;
    private final Map<OutputGrammar.Part, OutputGrammar> grammars = new LinkedHashMap<>(16, 0.75f, true);
    private Optional<Vocabulary> vocabulary = Optional.empty();

    public Grammars(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// The grammar of answers that look like `part`, perhaps one that was made before.
    ///
    /// @throws SchemaException if it cannot be kept
    public OutputGrammar of(OutputGrammar.Part part) {
        synchronized (grammars) {
            OutputGrammar known = grammars.get(part);
            if (known != null) {
                return known;
            }
        }
        OutputGrammar made = new OutputGrammar(vocabulary(), tokenizer.special().eos(), part);
        synchronized (grammars) {
            grammars.put(part, made);
            if (grammars.size() > KEPT) {
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
}
