package dev.heddle.checkpoint.template;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A statement of a template, as parsed.
sealed interface Statement {
    record Text(String text) implements Statement { }

    record Print(Expression value, int line) implements Statement { }

    record If(List<Branch> branches, List<Statement> otherwise) implements Statement { }

    record Branch(Expression test, List<Statement> body, int line) { }

    record For(Expression target, Expression items, Optional<Expression> filter, boolean recursive,
            List<Statement> body, List<Statement> otherwise, int line) implements Statement { }

    record Assign(Expression target, Expression value, int line) implements Statement { }

    /// `{% set x %}…{% endset %}`; the value may pass filters, whose innermost operand is [Expression.Body].
    record AssignBlock(Expression target, Expression value, List<Statement> body, int line) implements Statement { }

    record With(List<Expression> targets, List<Expression> values, List<Statement> body, int line)
            implements Statement { }

    /// @param uses the names that the body reads
    record MacroDefinition(String name, List<Parameter> parameters, List<Statement> body, Set<String> uses, int line)
            implements Statement { }

    record Parameter(String name, Optional<Expression> fallback) { }

    /// @param uses the names that the body reads
    record CallBlock(Expression.Call call, List<Parameter> parameters, List<Statement> body, Set<String> uses, int line)
            implements Statement { }

    record FilterBlock(Expression value, List<Statement> body, int line) implements Statement { }

    /// `{% generation %}…{% endgeneration %}`: marks what the assistant writes; rendered as it stands.
    record Generation(List<Statement> body) implements Statement { }

    record Break() implements Statement { }

    record Continue() implements Statement { }
}
