package dev.heddle.checkpoint.template;

import java.util.List;
import java.util.Optional;

/// An expression of a template, as parsed.
sealed interface Expression {
    record Constant(Object value) implements Expression { }

    record Name(String name) implements Expression { }

    /// `namespace.attribute` as the target of an assignment.
    record NamespaceTarget(String namespace, String attribute) implements Expression { }

    record TupleLiteral(List<Expression> items) implements Expression { }

    record ListLiteral(List<Expression> items) implements Expression { }

    record DictLiteral(List<Expression> keys, List<Expression> values) implements Expression { }

    record Attribute(Expression object, String name) implements Expression { }

    record Item(Expression object, Expression key) implements Expression { }

    record Slice(Expression object, Optional<Expression> start, Optional<Expression> stop, Optional<Expression> step)
            implements Expression { }

    record Call(Expression function, CallArguments arguments) implements Expression { }

    record Filter(Expression value, String name, CallArguments arguments) implements Expression { }

    record Test(Expression value, String name, CallArguments arguments) implements Expression { }

    record Unary(char operator, Expression operand) implements Expression { }

    record Not(Expression operand) implements Expression { }

    record Binary(String operator, Expression left, Expression right) implements Expression { }

    record Concat(List<Expression> parts) implements Expression { }

    record And(Expression left, Expression right) implements Expression { }

    record Or(Expression left, Expression right) implements Expression { }

    /// `first op1 operand1 op2 operand2 …`, true if each neighbouring comparison is.
    record Compare(Expression first, List<String> operators, List<Expression> operands) implements Expression { }

    record Conditional(Expression test, Expression whenTrue, Optional<Expression> whenFalse) implements Expression { }

    /// What stands in the text between filters of a `{% filter %}` or `{% set %}` block.
    record Body() implements Expression { }

    record Keyword(String name, Expression value) { }

    record CallArguments(List<Expression> positional, List<Keyword> named, Optional<Expression> spread,
            Optional<Expression> namedSpread) {
        static final CallArguments NONE = new CallArguments(List.of(), List.of(), Optional.empty(), Optional.empty());
    }
}
