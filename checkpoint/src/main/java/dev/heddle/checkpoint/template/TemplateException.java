package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.CheckpointException;

/// A chat template that cannot be read or cannot render a conversation.
public final class TemplateException extends CheckpointException {
    private static final long serialVersionUID = 1;

    /// Why a template failed.
    public enum Kind {
        /// The text is not a template.
        SYNTAX,
        /// The template itself refuses the conversation by calling `raise_exception`: the message is meant for its author.
        RAISED,
        /// A value that is not there was used as if it were.
        UNDEFINED,
        /// An operation does not fit its values.
        VALUE,
        /// The template asks for something that templates may not do.
        FORBIDDEN,
        /// The template takes more steps, text or nesting than allowed.
        LIMIT
    }

    private final Kind kind;
    private final String reason;
    private final int line;

    TemplateException(Kind kind, String reason, int line) {
        super("chat template" + (line > 0 ? " line " + line : "") + ": " + reason);
        this.kind = kind;
        this.reason = reason;
        this.line = line;
    }

    static TemplateException value(String reason) {
        return new TemplateException(Kind.VALUE, reason, 0);
    }

    /// This error, known to come from `line` of the template.
    TemplateException at(int line) {
        TemplateException placed = new TemplateException(kind, reason, line);
        placed.setStackTrace(getStackTrace());
        return placed;
    }

    public Kind kind() {
        return kind;
    }

    /// The message without the place.
    public String reason() {
        return reason;
    }

    /// The line of the template, from 1; 0 if unknown.
    public int line() {
        return line;
    }
}
