package dev.heddle.checkpoint.spec;

import java.util.List;
import java.util.Map;

/// A specification file as a tree that remembers where everything stands.
sealed interface SpecNode {
    Place place();

    /// What this is, in words for an error message.
    String describe();

    /// Line and column of a file, from 1; line 0 for what no file says.
    record Place(int line, int column) {
        static final Place NOWHERE = new Place(0, 0);
    }

    record Mapping(Map<String, SpecNode> entries, Place place) implements SpecNode {
        @Override
        public String describe() {
            return "a mapping of " + entries.size() + " keys";
        }
    }

    record Listing(List<SpecNode> items, Place place) implements SpecNode {
        @Override
        public String describe() {
            return "a list of " + items.size();
        }
    }

    /// @param text the value as the file writes it, without quotes
    record Scalar(Kind kind, String text, Place place) implements SpecNode {
        enum Kind { STRING, NUMBER, BOOLEAN, NULL }

        static Scalar string(String text) {
            return new Scalar(Kind.STRING, text, Place.NOWHERE);
        }

        static Scalar number(String text) {
            return new Scalar(Kind.NUMBER, text, Place.NOWHERE);
        }

        static Scalar flag(boolean value) {
            return new Scalar(Kind.BOOLEAN, Boolean.toString(value), Place.NOWHERE);
        }

        @Override
        public String describe() {
            String shown = text.length() <= 80 ? text : text.substring(0, 80) + "…";
            return switch (kind) {
                case STRING -> "the string \"" + shown + "\"";
                case NUMBER -> "the number " + shown;
                case BOOLEAN -> shown;
                case NULL -> "nothing";
            };
        }
    }
}
