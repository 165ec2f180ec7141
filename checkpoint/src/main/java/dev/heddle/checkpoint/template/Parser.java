package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Statement.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// Reads the statements of a template: Jinja's, as far as a template that stands alone can use them, the loop controls
/// `break` and `continue`, and `generation`. Expressions are read by [ExpressionParser].
final class Parser {
    private static final Set<String> NEEDS_OTHER_TEMPLATES = Set.of("extends", "include", "import", "from", "block");
    /// Blocks within blocks; far more than any template has, few enough for the stack.
    private static final int MAX_NESTING = 64;

    private final ExpressionParser words;
    private int nesting;
    private int loops;

    private Parser(String source) {
        words = new ExpressionParser(Lexer.tokens(source));
    }

    /// The statements of `source`.
    /// @throws TemplateException if it is no template, or uses what only a set of templates could have
    static List<Statement> parse(String source) {
        Parser parser = new Parser(source);
        List<Statement> statements = parser.statements(Set.of());
        if (!parser.words.current().is(Token.Type.END)) {
            throw parser.words.unexpected("a statement");
        }
        return statements;
    }

    /// Statements up to a tag whose name is one of `ends`, leaving that name as the current token; up to the end of
    /// the template if `ends` is empty.
    private List<Statement> statements(Set<String> ends) {
        if (++nesting > MAX_NESTING) {
            throw words.error(TemplateException.Kind.LIMIT, "more than " + MAX_NESTING + " blocks within each other");
        }
        List<Statement> statements = new ArrayList<>();
        while (true) {
            Token token = words.current();
            switch (token.type()) {
                case DATA -> {
                    statements.add(new Statement.Text((String) token.value()));
                    words.next();
                }
                case VARIABLE_BEGIN -> {
                    words.next();
                    statements.add(new Statement.Print(words.tuple(), token.line()));
                    words.expect(Token.Type.VARIABLE_END, "}}");
                }
                case BLOCK_BEGIN -> {
                    words.next();
                    Token name = words.current();
                    if (!name.is(Token.Type.NAME)) {
                        throw words.unexpected("the name of a tag");
                    }
                    if (ends.contains((String) name.value())) {
                        nesting--;
                        return statements;
                    }
                    statements.add(statement(name, ends));
                    words.expect(Token.Type.BLOCK_END, "%}");
                }
                case END -> {
                    if (!ends.isEmpty()) {
                        throw words.error("the template ends where one of " + ends.stream().sorted().toList()
                                + " is expected");
                    }
                    nesting--;
                    return statements;
                }
                case BLOCK_END, VARIABLE_END, NAME, STRING, NUMBER, OPERATOR -> throw words.unexpected("a statement");
            }
        }
    }

    private Statement statement(Token name, Set<String> ends) {
        words.next();
        int line = name.line();
        return switch ((String) name.value()) {
            case "if" -> branches(line);
            case "for" -> loop(line);
            case "set" -> assignment(line);
            case "with" -> with(line);
            case "macro" -> macro(line);
            case "call" -> call(line);
            case "filter" -> {
                Expression value = words.filters(new Expression.Body(), true);
                yield new Statement.FilterBlock(value, body("endfilter"), line);
            }
            case "generation" -> new Statement.Generation(ownLoops(() -> body("endgeneration")));
            case "print" -> new Statement.Print(words.tuple(), line);
            case "break", "continue" -> {
                if (loops == 0) {
                    throw words.error("'" + name.value() + "' outside of a loop");
                }
                yield name.value().equals("break") ? new Statement.Break() : new Statement.Continue();
            }
            case String tag when NEEDS_OTHER_TEMPLATES.contains(tag) -> throw new TemplateException(
                    TemplateException.Kind.SYNTAX, "the tag '" + tag + "' is not supported: a chat template stands"
                    + " alone", line);
            case String tag -> throw new TemplateException(TemplateException.Kind.SYNTAX, "unknown tag '" + tag + "'"
                    + (ends.isEmpty() ? "" : ", expected one of " + ends.stream().sorted().toList()), line);
        };
    }

    /// The body of a block up to its end tag; the tag's name is consumed.
    private List<Statement> body(String end) {
        List<Statement> body = bodyUntil(Set.of(end));
        words.next();
        return body;
    }

    private List<Statement> bodyUntil(Set<String> ends) {
        words.skipOperator(":");
        words.expect(Token.Type.BLOCK_END, "%}");
        return statements(ends);
    }

    private Statement branches(int firstLine) {
        List<Statement.Branch> branches = new ArrayList<>();
        int line = firstLine;
        while (true) {
            Expression test = words.tupleWithoutConditional(Set.of());
            branches.add(new Statement.Branch(test, bodyUntil(Set.of("elif", "else", "endif")), line));
            Token end = words.next();
            line = end.line();
            if (end.isName("elif")) {
                continue;
            }
            return new Statement.If(branches, end.isName("else") ? body("endif") : List.of());
        }
    }

    private Statement loop(int line) {
        Expression target = words.target(true, Set.of("in"));
        words.expectName("in");
        Expression items = words.tupleWithoutConditional(Set.of("recursive"));
        Optional<Expression> filter = words.skipName("if") ? Optional.of(words.expression()) : Optional.empty();
        boolean recursive = words.skipName("recursive");
        loops++;
        List<Statement> body = bodyUntil(Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = words.next().isName("else") ? body("endfor") : List.of();
        return new Statement.For(target, items, filter, recursive, body, otherwise, line);
    }

    private Statement assignment(int line) {
        Expression target = words.target(true, Set.of());
        if (words.skipOperator("=")) {
            return new Statement.Assign(target, words.tuple(), line);
        }
        Expression value = words.filters(new Expression.Body(), false);
        return new Statement.AssignBlock(target, value, body("endset"), line);
    }

    private Statement with(int line) {
        List<Expression> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!words.current().is(Token.Type.BLOCK_END)) {
            if (!targets.isEmpty()) {
                words.expectOperator(",");
            }
            targets.add(words.target(false, Set.of()));
            words.expectOperator("=");
            values.add(words.expression());
        }
        return new Statement.With(targets, values, body("endwith"), line);
    }

    private Statement macro(int line) {
        String name = words.expectAnyName("the macro's name");
        List<Parameter> parameters = parameters();
        List<Statement> body = ownLoops(() -> body("endmacro"));
        return new Statement.MacroDefinition(name, parameters, body, Names.in(body), line);
    }

    private Statement call(int line) {
        List<Parameter> parameters = words.current().isOperator("(") ? parameters() : List.of();
        if (!(words.expression() instanceof Expression.Call call)) {
            throw words.error("{% call %} needs a call");
        }
        List<Statement> body = ownLoops(() -> body("endcall"));
        return new Statement.CallBlock(call, parameters, body, Names.in(body), line);
    }

    /// A macro's body is not part of the loop around it.
    private List<Statement> ownLoops(Supplier<List<Statement>> body) {
        int around = loops;
        loops = 0;
        List<Statement> statements = body.get();
        loops = around;
        return statements;
    }

    private List<Parameter> parameters() {
        List<Parameter> parameters = new ArrayList<>();
        boolean fallbacks = false;
        words.expectOperator("(");
        while (!words.current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                words.expectOperator(",");
            }
            String name = words.expectAnyName("a parameter's name");
            if (words.skipOperator("=")) {
                parameters.add(new Parameter(name, Optional.of(words.expression())));
                fallbacks = true;
            } else if (fallbacks) {
                throw words.error("a parameter without default follows one with default");
            } else {
                parameters.add(new Parameter(name, Optional.empty()));
            }
        }
        words.expectOperator(")");
        return parameters;
    }
}
