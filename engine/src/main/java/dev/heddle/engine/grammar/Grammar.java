package dev.heddle.engine.grammar;

import dev.heddle.engine.grammar.Language.Form;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/// Makes languages and keeps each once. Bytes that no single token can write are in none of them, so that whatever a
/// language allows can be written to its end. Used by one thread at a time.
final class Grammar {
    private final ByteSet alphabet;
    private final Map<Form, Language> languages = new HashMap<>();
    private final Map<String, Language> definitions = new HashMap<>();
    private final Language nothing = intern(new Form.Nothing());
    private final Language empty = intern(new Form.Empty());

    /// @param alphabet bytes that may be written
    Grammar(ByteSet alphabet) {
        this.alphabet = alphabet;
    }

    private Language intern(Form form) {
        Language known = languages.get(form);
        if (known == null) {
            known = new Language(languages.size(), form);
            languages.put(form, known);
        }
        return known;
    }

    /// How many languages it has made so far.
    int size() {
        return languages.size();
    }

    Language nothing() {
        return nothing;
    }

    Language empty() {
        return empty;
    }

    Language bytes(ByteSet set) {
        ByteSet writable = set.and(alphabet);
        return writable.isEmpty() ? nothing : intern(new Form.Bytes(writable));
    }

    /// Exactly this text.
    Language text(String text) {
        return text(text.getBytes(StandardCharsets.UTF_8));
    }

    Language text(byte[] utf8) {
        Language language = empty;
        for (int i = utf8.length - 1; i >= 0; i--) {
            language = sequence(bytes(ByteSet.NONE.with(utf8[i] & 0xFF)), language);
        }
        return language;
    }

    Language token(int id) {
        return intern(new Form.Token(id));
    }

    Language sequence(Language first, Language rest) {
        if (first == nothing || rest == nothing) {
            return nothing;
        }
        if (first == empty) {
            return rest;
        }
        if (rest == empty) {
            return first;
        }
        // leans to the right, so that what is written alike is the same
        List<Language> heads = new ArrayList<>();
        Language last = first;
        while (last.form() instanceof Form.Sequence(Language head, Language tail)) {
            heads.add(head);
            last = tail;
        }
        Language language = intern(new Form.Sequence(last, rest));
        for (int i = heads.size() - 1; i >= 0; i--) {
            language = intern(new Form.Sequence(heads.get(i), language));
        }
        return language;
    }

    Language sequence(Language... parts) {
        Language language = empty;
        for (int i = parts.length - 1; i >= 0; i--) {
            language = sequence(parts[i], language);
        }
        return language;
    }

    Language choice(Language one, Language other) {
        if (one == other || other == nothing) {
            return one;
        }
        return one == nothing ? other : choice(List.of(one, other));
    }

    /// Any of these; alternatives in one order and once, single bytes together.
    Language choice(List<Language> alternatives) {
        TreeSet<Language> flat = new TreeSet<>(Comparator.comparingInt(Language::number));
        alternatives.forEach(alternative -> flatten(alternative, flat));
        ByteSet bytes = ByteSet.NONE;
        List<Language> kept = new ArrayList<>();
        for (Language alternative : flat) {
            if (alternative.form() instanceof Form.Bytes(ByteSet set)) {
                bytes = bytes.or(set);
            } else if (alternative != nothing) {
                kept.add(alternative);
            }
        }
        if (!bytes.isEmpty()) {
            kept.add(bytes(bytes));
        }
        return kept.isEmpty() ? nothing : kept.size() == 1 ? kept.getFirst() : intern(new Form.Choice(List.copyOf(kept)));
    }

    private static void flatten(Language language, Set<Language> into) {
        if (language.form() instanceof Form.Choice(List<Language> alternatives)) {
            into.addAll(alternatives);
        } else {
            into.add(language);
        }
    }

    Language optional(Language language) {
        return choice(language, empty);
    }

    /// `body`, which is never empty, at least `min` and at most `max` times; −1 for any number.
    Language repeat(Language body, int min, int max) {
        if (max == 0) {
            return empty;
        }
        if (body == nothing) {
            return min == 0 ? empty : nothing;
        }
        if (body == empty || min == 1 && max == 1) {
            return body;
        }
        if (body.nullable()) {
            throw new IllegalArgumentException("what may be empty cannot be repeated");
        }
        return intern(new Form.Repeat(body, min, max));
    }

    Language reference(String name) {
        return intern(new Form.Reference(name));
    }

    /// Defines `name` unless that has been done. The definition may refer to it.
    Language define(String name, Supplier<Language> definition) {
        if (!definitions.containsKey(name)) {
            definitions.put(name, nothing);
            Language made = definition.get();
            if (made.nullable()) {
                throw new IllegalArgumentException(name + " may be empty");
            }
            definitions.put(name, made);
        }
        return reference(name);
    }

    Language definition(String name) {
        return definitions.get(name);
    }

    /// The names in `language`, and in what they stand for, that no text of finite length satisfies.
    Set<String> endless(Language language) {
        Set<Language> reachable = new HashSet<>();
        collect(language, reachable);
        Set<String> names = new HashSet<>();
        reachable.forEach(part -> {
            if (part.form() instanceof Form.Reference(String name)) {
                names.add(name);
            }
        });
        Set<String> ending = new HashSet<>();
        boolean grown = true;
        while (grown) {
            grown = false;
            for (String name : names) {
                grown |= !ending.contains(name) && ends(definition(name), ending) && ending.add(name);
            }
        }
        names.removeAll(ending);
        return names;
    }

    private void collect(Language language, Set<Language> into) {
        List<Language> open = new ArrayList<>(List.of(language));
        while (!open.isEmpty()) {
            Language at = open.removeLast();
            if (into.add(at)) {
                switch (at.form()) {
                    case Form.Nothing _, Form.Empty _, Form.Bytes _, Form.Token _ -> { }
                    case Form.Sequence(Language first, Language rest) -> open.addAll(List.of(first, rest));
                    case Form.Choice(List<Language> alternatives) -> open.addAll(alternatives);
                    case Form.Repeat(Language body, int _, int _) -> open.add(body);
                    case Form.Reference(String name) -> open.add(definition(name));
                }
            }
        }
    }

    private static boolean ends(Language language, Set<String> ending) {
        Language at = language;
        while (at.form() instanceof Form.Sequence(Language first, Language rest)) {
            if (!ends(first, ending)) {
                return false;
            }
            at = rest;
        }
        return switch (at.form()) {
            case Form.Nothing _ -> false;
            case Form.Empty _, Form.Bytes _, Form.Token _ -> true;
            case Form.Sequence _ -> throw new AssertionError();
            case Form.Choice(List<Language> alternatives) -> alternatives.stream().anyMatch(one -> ends(one, ending));
            case Form.Repeat(Language body, int min, int _) -> min == 0 || ends(body, ending);
            case Form.Reference(String name) -> ending.contains(name);
        };
    }
}
