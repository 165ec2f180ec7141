package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Expression.CallArguments;
import dev.heddle.checkpoint.template.Expression.Keyword;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Reads expressions from a template's tokens. From loosest to tightest: `a if b else c`, `or`, `and`, `not`,
/// comparisons, `+ -`, `~`, `* / // %`, `**`, signs, then `.name`, `[…]`, `(…)`, filters and tests.
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    /// Parentheses and signs within each other.
    private static final int MAX_NESTING = 150;
    /// Operators at one level; each makes the tree one deeper.
    private static final int MAX_CHAIN = 256;

    private final List<Token> tokens;
    private int at;
    private int nesting;

    ExpressionParser(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    /// The current token; moves to the one after it.
    Token next() {
        Token token = tokens.get(at);
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    boolean skipOperator(String operator) {
        boolean there = current().isOperator(operator);
        if (there) {
            next();
        }
        return there;
    }

    boolean skipName(String name) {
        boolean there = current().isName(name);
        if (there) {
            next();
        }
        return there;
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw unexpected("'" + name + "'");
        }
    }

    String expectAnyName(String what) {
        if (!current().is(Token.Type.NAME)) {
            throw unexpected(what);
        }
        return (String) next().value();
    }

    void expect(Token.Type type, String what) {
        if (!current().is(type)) {
            throw unexpected("'" + what + "'");
        }
        next();
    }

    TemplateException unexpected(String expected) {
        return error("found " + current().describe() + ", expected " + expected);
    }

    TemplateException error(String reason) {
        return error(TemplateException.Kind.SYNTAX, reason);
    }

    TemplateException error(TemplateException.Kind kind, String reason) {
        return new TemplateException(kind, reason, current().line());
    }

    /// One expression, or a tuple of several with commas between.
    Expression tuple() {
        return tuple(true, Set.of(), false);
    }

    /// As [#tuple()], where `if` after an expression belongs to the statement; names in `ends` end the tuple.
    Expression tupleWithoutConditional(Set<String> ends) {
        return tuple(false, ends, false);
    }

    private Expression tuple(boolean conditional, Set<String> ends, boolean parenthesized) {
        List<Expression> items = new ArrayList<>();
        boolean isTuple = false;
        while (true) {
            if (!items.isEmpty()) {
                expectOperator(",");
            }
            if (endsTuple(ends)) {
                break;
            }
            items.add(conditional ? expression() : or());
            if (!current().isOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (!isTuple && items.size() == 1) {
            return items.getFirst();
        }
        if (items.isEmpty() && !parenthesized) {
            throw unexpected("an expression");
        }
        return new Expression.TupleLiteral(items);
    }

    private boolean endsTuple(Set<String> ends) {
        Token token = current();
        return token.is(Token.Type.VARIABLE_END) || token.is(Token.Type.BLOCK_END) || token.isOperator(")")
                || token.is(Token.Type.NAME) && ends.contains((String) token.value());
    }

    /// What a value is assigned to: names, attributes of namespaces if allowed, tuples of them.
    Expression target(boolean tuples, Set<String> ends) {
        List<Expression> items = new ArrayList<>();
        boolean isTuple = false;
        while (true) {
            if (!items.isEmpty()) {
                expectOperator(",");
            }
            if (!items.isEmpty() && (endsTuple(ends) || current().isOperator("="))) {
                break;
            }
            items.add(simpleTarget(tuples, ends));
            if (!tuples || !current().isOperator(",")) {
                break;
            }
            isTuple = true;
        }
        return isTuple ? new Expression.TupleLiteral(items) : items.getFirst();
    }

    private Expression simpleTarget(boolean tuples, Set<String> ends) {
        if (tuples && skipOperator("(")) {
            Expression inner = nested(() -> target(true, ends));
            expectOperator(")");
            return inner;
        }
        String name = expectAnyName("a name to assign to");
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name)) {
            throw error("cannot assign to '" + name + "'");
        }
        return skipOperator(".")
                ? new Expression.NamespaceTarget(name, expectAnyName("an attribute's name"))
                : new Expression.Name(name);
    }

    Expression expression() {
        return nested(() -> {
            Expression value = or();
            for (int count = 0; skipName("if"); count++) {
                limitChain(count);
                Expression test = or();
                Optional<Expression> otherwise = skipName("else") ? Optional.of(expression()) : Optional.empty();
                value = new Expression.Conditional(test, value, otherwise);
            }
            return value;
        });
    }

    private Expression or() {
        Expression left = and();
        for (int count = 0; skipName("or"); count++) {
            limitChain(count);
            left = new Expression.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        for (int count = 0; skipName("and"); count++) {
            limitChain(count);
            left = new Expression.And(left, not());
        }
        return left;
    }

    private Expression not() {
        return skipName("not") ? new Expression.Not(nested(this::not)) : comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> operands = new ArrayList<>();
        while (true) {
            Token token = current();
            if (token.is(Token.Type.OPERATOR) && COMPARISONS.contains((String) token.value())) {
                next();
                operators.add((String) token.value());
            } else if (skipName("in")) {
                operators.add("in");
            } else if (token.isName("not") && tokens.get(at + 1).isName("in")) {
                next();
                next();
                operators.add("not in");
            } else {
                return operators.isEmpty() ? first : new Expression.Compare(first, operators, operands);
            }
            operands.add(sum());
        }
    }

    private Expression sum() {
        Expression left = concatenation();
        for (int count = 0; current().isOperator("+") || current().isOperator("-"); count++) {
            limitChain(count);
            String operator = (String) next().value();
            left = new Expression.Binary(operator, left, concatenation());
        }
        return left;
    }

    private Expression concatenation() {
        List<Expression> parts = new ArrayList<>();
        parts.add(product());
        while (skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.getFirst() : new Expression.Concat(parts);
    }

    private Expression product() {
        Expression left = power();
        for (int count = 0; current().isOperator("*") || current().isOperator("/") || current().isOperator("//")
                || current().isOperator("%"); count++) {
            limitChain(count);
            String operator = (String) next().value();
            left = new Expression.Binary(operator, left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        for (int count = 0; skipOperator("**"); count++) {
            limitChain(count);
            left = new Expression.Binary("**", left, unary(true));
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        Expression value;
        if (current().isOperator("-") || current().isOperator("+")) {
            char operator = ((String) next().value()).charAt(0);
            value = new Expression.Unary(operator, nested(() -> unary(false)));
        } else {
            value = primary();
        }
        value = postfix(value);
        return withFilters ? filtersAndTests(value) : value;
    }

    private Expression primary() {
        Token token = current();
        switch (token.type()) {
            case NAME -> {
                next();
                return switch ((String) token.value()) {
                    case "true", "True" -> new Expression.Constant(true);
                    case "false", "False" -> new Expression.Constant(false);
                    case "none", "None" -> new Expression.Constant(Values.None.NONE);
                    case String name -> new Expression.Name(name);
                };
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (current().is(Token.Type.STRING)) {
                    text.append(next().value());
                }
                return new Expression.Constant(text.toString());
            }
            case NUMBER -> {
                return new Expression.Constant(next().value());
            }
            case OPERATOR -> {
                if (skipOperator("(")) {
                    Expression inner = nested(() -> tuple(true, Set.of(), true));
                    expectOperator(")");
                    return inner;
                }
                if (skipOperator("[")) {
                    return list();
                }
                if (skipOperator("{")) {
                    return dict();
                }
                throw unexpected("an expression");
            }
            case DATA, BLOCK_BEGIN, BLOCK_END, VARIABLE_BEGIN, VARIABLE_END, END -> throw unexpected("an expression");
        }
        throw unexpected("an expression");
    }

    private Expression list() {
        List<Expression> items = new ArrayList<>();
        while (!current().isOperator("]")) {
            if (!items.isEmpty()) {
                expectOperator(",");
            }
            if (current().isOperator("]")) {
                break;
            }
            items.add(expression());
        }
        expectOperator("]");
        return new Expression.ListLiteral(items);
    }

    private Expression dict() {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!current().isOperator("}")) {
            if (!keys.isEmpty()) {
                expectOperator(",");
            }
            if (current().isOperator("}")) {
                break;
            }
            keys.add(expression());
            expectOperator(":");
            values.add(expression());
        }
        expectOperator("}");
        return new Expression.DictLiteral(keys, values);
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        for (int count = 0;; count++) {
            limitChain(count);
            if (skipOperator(".")) {
                Token name = next();
                value = switch (name.type()) {
                    case NAME -> new Expression.Attribute(value, (String) name.value());
                    case NUMBER -> new Expression.Item(value, new Expression.Constant(name.value()));
                    default -> throw error("found " + name.describe() + " after '.', expected a name or a number");
                };
            } else if (skipOperator("[")) {
                value = subscript(value);
            } else if (current().isOperator("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expression subscript(Expression object) {
        List<Expression> keys = new ArrayList<>();
        Expression result = null;
        while (!current().isOperator("]")) {
            if (!keys.isEmpty() || result != null) {
                expectOperator(",");
            }
            Optional<Expression> start = current().isOperator(":") ? Optional.empty() : Optional.of(expression());
            if (!skipOperator(":")) {
                keys.add(start.orElseThrow());
                continue;
            }
            if (!keys.isEmpty() || result != null) {
                throw error("a slice among several keys");
            }
            Optional<Expression> stop = sliceEnds() || current().isOperator(":") ? Optional.empty()
                    : Optional.of(expression());
            Optional<Expression> step = skipOperator(":") && !sliceEnds() ? Optional.of(expression())
                    : Optional.empty();
            result = new Expression.Slice(object, start, stop, step);
        }
        expectOperator("]");
        if (result != null) {
            return result;
        }
        return new Expression.Item(object, keys.size() == 1 ? keys.getFirst() : new Expression.TupleLiteral(keys));
    }

    private boolean sliceEnds() {
        return current().isOperator("]") || current().isOperator(",");
    }

    private CallArguments arguments() {
        expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        List<Keyword> named = new ArrayList<>();
        Optional<Expression> spread = Optional.empty();
        Optional<Expression> namedSpread = Optional.empty();
        boolean first = true;
        while (!current().isOperator(")")) {
            if (!first) {
                expectOperator(",");
                if (current().isOperator(")")) {
                    break;
                }
            }
            first = false;
            if (skipOperator("*")) {
                allow(spread.isEmpty() && namedSpread.isEmpty());
                spread = Optional.of(expression());
            } else if (skipOperator("**")) {
                allow(namedSpread.isEmpty());
                namedSpread = Optional.of(expression());
            } else if (current().is(Token.Type.NAME) && tokens.get(at + 1).isOperator("=")) {
                allow(namedSpread.isEmpty());
                String name = (String) next().value();
                next();
                named.add(new Keyword(name, expression()));
            } else {
                allow(spread.isEmpty() && namedSpread.isEmpty() && named.isEmpty());
                positional.add(expression());
            }
        }
        expectOperator(")");
        return new CallArguments(positional, named, spread, namedSpread);
    }

    private void allow(boolean order) {
        if (!order) {
            throw error("the arguments of a call are out of order");
        }
    }

    private Expression filtersAndTests(Expression start) {
        Expression value = start;
        for (int count = 0;; count++) {
            limitChain(count);
            if (current().isOperator("|")) {
                value = filters(value, false);
            } else if (skipName("is")) {
                value = test(value);
            } else if (current().isOperator("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    /// A chain of `|name(…)`; with `inline` the first lacks its bar.
    Expression filters(Expression start, boolean inline) {
        Expression value = start;
        boolean first = inline;
        for (int count = 0; first || current().isOperator("|"); count++) {
            limitChain(count);
            if (!first) {
                next();
            }
            first = false;
            String name = dottedName("a filter's name");
            CallArguments arguments = current().isOperator("(") ? arguments() : CallArguments.NONE;
            value = new Expression.Filter(value, name, arguments);
        }
        return value;
    }

    private Expression test(Expression value) {
        boolean negated = skipName("not");
        String name = dottedName("a test's name");
        CallArguments arguments = CallArguments.NONE;
        Token token = current();
        if (token.isOperator("(")) {
            arguments = arguments();
        } else if (switch (token.type()) {
            case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and");
            case STRING, NUMBER -> true;
            case OPERATOR -> token.isOperator("[") || token.isOperator("{");
            default -> false;
        }) {
            if (token.isName("is")) {
                throw error("tests cannot be chained with 'is'");
            }
            arguments = new CallArguments(List.of(postfix(primary())), List.of(), Optional.empty(), Optional.empty());
        }
        Expression test = new Expression.Test(value, name, arguments);
        return negated ? new Expression.Not(test) : test;
    }

    private String dottedName(String what) {
        StringBuilder name = new StringBuilder(expectAnyName(what));
        while (skipOperator(".")) {
            name.append('.').append(expectAnyName(what));
        }
        return name.toString();
    }

    private interface Part {
        Expression parse();
    }

    private Expression nested(Part part) {
        if (++nesting > MAX_NESTING) {
            throw error(TemplateException.Kind.LIMIT, "an expression nested more than " + MAX_NESTING + " deep");
        }
        Expression expression = part.parse();
        nesting--;
        return expression;
    }

    private void limitChain(int count) {
        if (count > MAX_CHAIN) {
            throw error(TemplateException.Kind.LIMIT, "an expression of more than " + MAX_CHAIN + " operators in a row");
        }
    }
}
