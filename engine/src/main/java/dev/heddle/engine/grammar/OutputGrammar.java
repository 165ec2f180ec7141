package dev.heddle.engine.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.engine.serve.TokenConstraint;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A language that answers must belong to, over the tokens of one vocabulary. It learns while it is used: which tokens may
/// follow is found out once for each place in the language and kept, so keep the grammar and make a [#constraint] from it
/// for each generation. Safe for use by several threads.
public final class OutputGrammar {
    /// Sets of tokens to keep.
    private static final int MASKS = 512;
    /// A grammar that has grown beyond so many languages begins anew.
    private static final int LANGUAGES = 60_000;

    /// A piece of an answer.
    public sealed interface Part {
        /// Exactly this text.
        record Text(String text) implements Part {
        }

        /// This token, whatever its text.
        record Token(int id) implements Part {
        }

        /// A JSON value that a schema accepts.
        record Json(JsonNode schema) implements Part {
        }

        /// Any of these.
        record Choice(List<Part> alternatives) implements Part {
            public Choice {
                alternatives = List.copyOf(alternatives);
            }
        }

        /// One after the other.
        record Sequence(List<Part> parts) implements Part {
            public Sequence {
                parts = List.copyOf(parts);
            }
        }
    }

    private final Vocabulary vocabulary;
    private final Set<Integer> ends;
    private final Part part;
    private final Map<Language, long[]> masks = new LinkedHashMap<>(64, 0.75f, true);
    private Grammar grammar;
    private Language start;

    /// @param ends tokens that end an answer; they may come where the answer is complete
    /// @throws SchemaException if a schema cannot be kept
    public OutputGrammar(Vocabulary vocabulary, Set<Integer> ends, Part part) {
        this.vocabulary = vocabulary;
        this.ends = Set.copyOf(ends);
        this.part = part;
        begin();
    }

    /// A JSON value that `schema` accepts.
    public static OutputGrammar json(Vocabulary vocabulary, Set<Integer> ends, JsonNode schema) {
        return new OutputGrammar(vocabulary, ends, new Part.Json(schema));
    }

    private void begin() {
        masks.clear();
        grammar = new Grammar(vocabulary.singles());
        start = language(part, grammar);
        if (start.isNothing()) {
            throw new SchemaException("", "the model's tokens cannot write any answer that satisfies it");
        }
    }

    private static Language language(Part part, Grammar grammar) {
        return switch (part) {
            case Part.Text(String text) -> grammar.text(text);
            case Part.Token(int id) -> grammar.token(id);
            case Part.Json(JsonNode schema) -> SchemaLanguage.of(schema, grammar);
            case Part.Choice(List<Part> alternatives) -> grammar.choice(alternatives.stream().map(one -> language(one, grammar)).toList());
            case Part.Sequence(List<Part> parts) -> {
                List<Language> languages = new ArrayList<>();
                parts.forEach(one -> languages.add(language(one, grammar)));
                yield grammar.sequence(languages.toArray(Language[]::new));
            }
        };
    }

    /// The constraint of one generation.
    public synchronized TokenConstraint constraint() {
        if (grammar.size() > LANGUAGES) {
            begin();
        }
        return new Walk(grammar, start);
    }

    private synchronized long[] mask(Grammar own, Language at) {
        long[] mask = own == grammar ? masks.get(at) : null;
        if (mask == null) {
            mask = vocabulary.allowed(at, own);
            if (own == grammar) {
                masks.put(at, mask);
                if (masks.size() > MASKS) {
                    Iterator<Language> oldest = masks.keySet().iterator();
                    oldest.next();
                    oldest.remove();
                }
            }
        }
        return mask;
    }

    private synchronized Language after(Grammar own, Language at, int id) {
        Language language = at.afterToken(id, own);
        if (!language.isNothing()) {
            return language;
        }
        language = at;
        for (byte b : vocabulary.bytes(id)) {
            language = language.after(b & 0xFF, own);
        }
        return language;
    }

    /// Where one answer stands.
    private final class Walk implements TokenConstraint {
        private final Grammar own;
        private Language at;
        private boolean ended;

        Walk(Grammar own, Language at) {
            this.own = own;
            this.at = at;
        }

        @Override
        public void mask(float[] logits) {
            long[] allowed = OutputGrammar.this.mask(own, at);
            float[] kept = new float[ends.size()];
            int next = 0;
            for (int id : ends) {
                kept[next++] = at.nullable() && id < logits.length ? logits[id] : Float.NEGATIVE_INFINITY;
            }
            boolean any = at.nullable() && !ends.isEmpty();
            for (int id = 0; id < logits.length; id++) {
                if (id >> 6 < allowed.length && (allowed[id >> 6] >>> id & 1) != 0) {
                    any = true;
                } else {
                    logits[id] = Float.NEGATIVE_INFINITY;
                }
            }
            next = 0;
            for (int id : ends) {
                if (id < logits.length) {
                    logits[id] = kept[next];
                }
                next++;
            }
            if (!any) {
                throw new IllegalStateException("no token can go on with this answer");
            }
        }

        @Override
        public void accept(int id) {
            if (ends.contains(id) && at.nullable()) {
                ended = true;
                return;
            }
            Language language = after(own, at, id);
            if (language.isNothing()) {
                throw new IllegalArgumentException("token " + id + " cannot follow");
            }
            at = language;
        }

        @Override
        public boolean isFinished() {
            return ended || at.isEmpty();
        }
    }
}
