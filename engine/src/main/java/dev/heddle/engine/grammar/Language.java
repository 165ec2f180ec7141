package dev.heddle.engine.grammar;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A set of texts, written as an expression over bytes and single tokens. Languages of one [Grammar] that are written
/// alike are the same object, so that what follows a byte is found out once.
final class Language {
    /// How a language is written.
    sealed interface Form {
        /// No text at all.
        record Nothing() implements Form {
        }

        /// The empty text alone.
        record Empty() implements Form {
        }

        /// One byte of a set.
        record Bytes(ByteSet set) implements Form {
        }

        /// One token, whatever its text (`<|tool_call_start|>`).
        record Token(int id) implements Form {
        }

        /// A text of `first`, then one of `rest`.
        record Sequence(Language first, Language rest) implements Form {
        }

        /// A text of any.
        record Choice(List<Language> alternatives) implements Form {
        }

        /// At least `min` and at most `max` texts of `body`, one after the other; `max` −1 for any number.
        record Repeat(Language body, int min, int max) implements Form {
        }

        /// What the grammar defines under a name, perhaps in terms of itself. Never holds the empty text.
        record Reference(String name) implements Form {
        }
    }

    private final int number;
    private final Form form;
    private final boolean nullable;
    private Language[] next = {};
    private Map<Integer, Language> afterToken = Map.of();

    Language(int number, Form form) {
        this.number = number;
        this.form = form;
        nullable = switch (form) {
            case Form.Nothing _, Form.Bytes _, Form.Token _, Form.Reference _ -> false;
            case Form.Empty _ -> true;
            case Form.Sequence(Language first, Language rest) -> first.nullable && rest.nullable;
            case Form.Choice(List<Language> alternatives) -> alternatives.stream().anyMatch(Language::nullable);
            case Form.Repeat(Language body, int min, int _) -> min == 0 || body.nullable;
        };
    }

    int number() {
        return number;
    }

    Form form() {
        return form;
    }

    /// Whether the empty text belongs to it.
    boolean nullable() {
        return nullable;
    }

    boolean isNothing() {
        return form instanceof Form.Nothing;
    }

    boolean isEmpty() {
        return form instanceof Form.Empty;
    }

    /// What may follow `b` (Brzozowski 1964, "Derivatives of Regular Expressions").
    Language after(int b, Grammar grammar) {
        if (form instanceof Form.Bytes(ByteSet set)) {
            return set.contains(b) ? grammar.empty() : grammar.nothing();
        }
        if (next.length == 0) {
            next = new Language[256];
        }
        if (next[b] == null) {
            next[b] = derive(inner -> inner.after(b, grammar), grammar);
        }
        return next[b];
    }

    /// What may follow the token `id` taken as a whole.
    Language afterToken(int id, Grammar grammar) {
        if (form instanceof Form.Token(int own)) {
            return own == id ? grammar.empty() : grammar.nothing();
        }
        if (afterToken.isEmpty()) {
            afterToken = new HashMap<>();
        }
        Language known = afterToken.get(id);
        if (known == null) {
            known = derive(inner -> inner.afterToken(id, grammar), grammar);
            afterToken.put(id, known);
        }
        return known;
    }

    /// The tokens that may come next as a whole, put into `ids`.
    void tokens(Grammar grammar, Set<Integer> ids) {
        switch (form) {
            case Form.Nothing _, Form.Empty _, Form.Bytes _ -> { }
            case Form.Token(int id) -> ids.add(id);
            case Form.Sequence(Language first, Language rest) -> {
                first.tokens(grammar, ids);
                if (first.nullable) {
                    rest.tokens(grammar, ids);
                }
            }
            case Form.Choice(List<Language> alternatives) -> alternatives.forEach(one -> one.tokens(grammar, ids));
            case Form.Repeat(Language body, int _, int _) -> body.tokens(grammar, ids);
            case Form.Reference(String name) -> grammar.definition(name).tokens(grammar, ids);
        }
    }

    private interface Step {
        Language of(Language inner);
    }

    private Language derive(Step step, Grammar grammar) {
        return switch (form) {
            case Form.Nothing _, Form.Empty _, Form.Bytes _, Form.Token _ -> grammar.nothing();
            case Form.Sequence(Language first, Language rest) -> {
                Language head = grammar.sequence(step.of(first), rest);
                yield first.nullable ? grammar.choice(head, step.of(rest)) : head;
            }
            case Form.Choice(List<Language> alternatives) -> grammar.choice(alternatives.stream().map(step::of).toList());
            case Form.Repeat(Language body, int min, int max) -> grammar.sequence(step.of(body),
                    grammar.repeat(body, Math.max(0, min - 1), max < 0 ? -1 : max - 1));
            case Form.Reference(String name) -> step.of(grammar.definition(name));
        };
    }
}
