package dev.heddle.checkpoint.template;

import dev.heddle.checkpoint.template.Values.Function;
import dev.heddle.checkpoint.template.Values.Markup;
import dev.heddle.checkpoint.template.Values.Namespace;
import dev.heddle.checkpoint.template.Values.None;
import dev.heddle.checkpoint.template.Values.Undefined;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/// Renders a template once: walks its statements and evaluates its expressions as Jinja2 does in its immutable sandbox
/// with automatic escaping off.
final class Interpreter {
    private enum Flow { NORMAL, BREAK, CONTINUE }

    private final Budget budget;
    private final Clock clock;
    /// What the filters of the blocks being left apply to, innermost first.
    private final Deque<Object> bodies = new ArrayDeque<>();
    private StringBuilder out = new StringBuilder();
    private int line;

    Interpreter(Budget.Limits limits, Clock clock) {
        budget = new Budget(limits);
        this.clock = clock;
    }

    /// @param variables values as [Values] describes them
    String render(List<Statement> template, Map<String, Object> variables) {
        Scope globals = new Scope(null);
        Functions.GLOBALS.forEach(globals::set);
        Scope root = new Scope(globals);
        variables.forEach(root::set);
        try {
            execute(template, root);
            return out.toString();
        } catch (TemplateException e) {
            throw e.line() == 0 ? e.at(line) : e;
        } catch (StackOverflowError e) {
            throw new TemplateException(TemplateException.Kind.LIMIT, "rendering needs more stack than this thread has",
                    line);
        }
    }

    Budget budget() {
        return budget;
    }

    Clock clock() {
        return clock;
    }

    /// The text that `body` renders to.
    String capture(List<Statement> body, Scope scope) {
        StringBuilder around = out;
        out = new StringBuilder();
        budget.enter();
        execute(body, scope);
        budget.leave();
        String text = out.toString();
        out = around;
        return text;
    }

    private Flow execute(List<Statement> statements, Scope scope) {
        for (Statement statement : statements) {
            Flow flow = execute(statement, scope);
            if (flow != Flow.NORMAL) {
                return flow;
            }
        }
        return Flow.NORMAL;
    }

    private Flow execute(Statement statement, Scope scope) {
        budget.step();
        switch (statement) {
            case Statement.Text text -> print(text.text());
            case Statement.Print print -> {
                line = print.line();
                print(PythonText.str(evaluate(print.value(), scope), budget));
            }
            case Statement.If branches -> {
                for (Statement.Branch branch : branches.branches()) {
                    line = branch.line();
                    if (isTrue(evaluate(branch.test(), scope))) {
                        return execute(branch.body(), scope);
                    }
                }
                return execute(branches.otherwise(), scope);
            }
            case Statement.For loop -> {
                line = loop.line();
                budget.enter();
                loop(loop, evaluate(loop.items(), scope), 0, scope);
                budget.leave();
            }
            case Statement.Assign assign -> {
                line = assign.line();
                assign(assign.target(), evaluate(assign.value(), scope), scope);
            }
            case Statement.AssignBlock assign -> {
                line = assign.line();
                assign(assign.target(), filtered(assign.value(), assign.body(), scope), scope);
            }
            case Statement.With with -> {
                line = with.line();
                Scope inner = new Scope(scope);
                for (int i = 0; i < with.targets().size(); i++) {
                    assign(with.targets().get(i), evaluate(with.values().get(i), scope), inner);
                }
                return execute(with.body(), inner);
            }
            case Statement.MacroDefinition macro -> scope.set(macro.name(), new Macro(macro.name(),
                    macro.parameters(), macro.body(), macro.uses(), scope));
            case Statement.CallBlock call -> {
                line = call.line();
                Macro caller = new Macro("caller", call.parameters(), call.body(), call.uses(), scope);
                print(PythonText.str(call(call.call(), Optional.of(caller), scope), budget));
            }
            case Statement.FilterBlock filter -> {
                line = filter.line();
                print(PythonText.str(filtered(filter.value(), filter.body(), scope), budget));
            }
            case Statement.Generation generation -> print(capture(generation.body(), new Scope(scope)));
            case Statement.Break end -> {
                return Flow.BREAK;
            }
            case Statement.Continue end -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.NORMAL;
    }

    private void print(String text) {
        budget.characters((long) out.length() + text.length());
        out.append(text);
    }

    private Object filtered(Expression value, List<Statement> body, Scope scope) {
        bodies.push(capture(body, new Scope(scope)));
        Object result = evaluate(value, scope);
        bodies.pop();
        return result;
    }

    private void loop(Statement.For loop, Object items, int depth, Scope scope) {
        Iterator<Object> source = Values.iterate(items, budget);
        if (loop.filter().isPresent()) {
            source = passing(loop, source, scope);
        }
        Optional<Function> recursion = loop.recursive() ? Optional.of((interpreter, arguments) -> {
            Object inner = arguments.bind("loop", 1, "iterable")[0];
            StringBuilder around = out;
            out = new StringBuilder();
            budget.enter();
            loop(loop, inner, depth + 1, scope);
            budget.leave();
            String text = out.toString();
            out = around;
            return text;
        }) : Optional.empty();
        LoopState state = new LoopState(source, depth, recursion, budget);
        boolean completed = false;
        while (state.hasNext()) {
            Scope inner = new Scope(scope);
            assign(loop.target(), state.next(), inner);
            inner.set("loop", state);
            Flow flow = execute(loop.body(), inner);
            if (flow == Flow.BREAK) {
                break;
            }
            // Jinja notes an iteration at its end, so one cut short by `continue` does not keep `else` away
            completed |= flow == Flow.NORMAL;
        }
        if (!completed) {
            execute(loop.otherwise(), new Scope(scope));
        }
    }

    /// Only those items that pass the loop's filter, each tested when it is asked for.
    private Iterator<Object> passing(Statement.For loop, Iterator<Object> source, Scope scope) {
        return new Iterator<>() {
            private Object next;

            @Override
            public boolean hasNext() {
                while (next == null && source.hasNext()) {
                    Object item = source.next();
                    Scope inner = new Scope(scope);
                    assign(loop.target(), item, inner);
                    if (isTrue(evaluate(loop.filter().orElseThrow(), inner))) {
                        next = item;
                    }
                }
                return next != null;
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                Object item = next;
                next = null;
                return item;
            }
        };
    }

    private void assign(Expression target, Object value, Scope scope) {
        switch (target) {
            case Expression.Name name -> scope.set(name.name(), value);
            case Expression.NamespaceTarget part -> {
                if (!(scope.get(part.namespace()) instanceof Namespace namespace)) {
                    throw TemplateException.value("cannot assign attribute on non-namespace object");
                }
                namespace.attributes.put(part.attribute(), value);
            }
            case Expression.TupleLiteral tuple -> {
                int expected = tuple.items().size();
                List<Object> items = new ArrayList<>();
                for (Iterator<Object> source = Values.iterate(value, budget); source.hasNext();) {
                    if (items.size() == expected) {
                        throw TemplateException.value("too many values to unpack (expected " + expected + ")");
                    }
                    items.add(source.next());
                }
                if (items.size() < expected) {
                    throw TemplateException.value("not enough values to unpack (expected " + expected + ", got "
                            + items.size() + ")");
                }
                for (int i = 0; i < expected; i++) {
                    assign(tuple.items().get(i), items.get(i), scope);
                }
            }
            default -> throw TemplateException.value("cannot assign to this expression");
        }
    }

    private static boolean isTrue(Object value) {
        if (value instanceof Undefined undefined && undefined.forbidden()) {
            throw undefined.error();
        }
        return Values.truth(value);
    }

    Object evaluate(Expression expression, Scope scope) {
        budget.step();
        budget.enter();
        Object value = switch (expression) {
            case Expression.Constant constant -> constant.value();
            case Expression.Body body -> bodies.getFirst();
            case Expression.Name name -> {
                Object found = scope.get(name.name());
                yield found != null ? found : new Undefined("'" + name.name() + "' is undefined", false);
            }
            case Expression.NamespaceTarget target -> throw TemplateException.value("not an expression");
            case Expression.TupleLiteral tuple -> new Values.Tuple(evaluate(tuple.items(), scope));
            case Expression.ListLiteral list -> evaluate(list.items(), scope);
            case Expression.DictLiteral dict -> dict(dict, scope);
            case Expression.Attribute attribute ->
                    Attributes.attribute(evaluate(attribute.object(), scope), attribute.name(), budget);
            case Expression.Item item -> {
                Object object = evaluate(item.object(), scope);
                yield Attributes.item(object, evaluate(item.key(), scope), budget);
            }
            case Expression.Slice slice -> {
                Object object = evaluate(slice.object(), scope);
                Object start = evaluate(slice.start(), scope);
                Object stop = evaluate(slice.stop(), scope);
                yield Attributes.slice(object, start, stop, evaluate(slice.step(), scope), budget);
            }
            case Expression.Call call -> call(call, Optional.empty(), scope);
            case Expression.Filter filter -> {
                Object operand = evaluate(filter.value(), scope);
                yield Filters.apply(filter.name(), operand, arguments(filter.arguments(), scope), this);
            }
            case Expression.Test test -> {
                Object operand = evaluate(test.value(), scope);
                yield TestFunctions.apply(test.name(), operand, arguments(test.arguments(), scope), this);
            }
            case Expression.Unary unary -> Arithmetic.unary(unary.operator(), evaluate(unary.operand(), scope));
            case Expression.Not not -> !isTrue(evaluate(not.operand(), scope));
            case Expression.Binary binary -> {
                Object left = evaluate(binary.left(), scope);
                yield Arithmetic.binary(binary.operator(), left, evaluate(binary.right(), scope), budget);
            }
            case Expression.Concat concat -> {
                List<String> parts = new ArrayList<>();
                for (Expression part : concat.parts()) {
                    parts.add(PythonText.str(evaluate(part, scope), budget));
                }
                yield StringMethods.join("", parts, budget);
            }
            case Expression.And and -> {
                Object left = evaluate(and.left(), scope);
                yield isTrue(left) ? evaluate(and.right(), scope) : left;
            }
            case Expression.Or or -> {
                Object left = evaluate(or.left(), scope);
                yield isTrue(left) ? left : evaluate(or.right(), scope);
            }
            case Expression.Compare compare -> compare(compare, scope);
            case Expression.Conditional conditional -> isTrue(evaluate(conditional.test(), scope))
                    ? evaluate(conditional.whenTrue(), scope)
                    : conditional.whenFalse().isPresent() ? evaluate(conditional.whenFalse().get(), scope)
                    : new Undefined("the inline if-expression on line " + line
                            + " evaluated to false and no else section was defined.", false);
        };
        budget.leave();
        return value;
    }

    private List<Object> evaluate(List<Expression> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Object evaluate(Optional<Expression> expression, Scope scope) {
        return expression.isPresent() ? evaluate(expression.get(), scope) : None.NONE;
    }

    private Map<Object, Object> dict(Expression.DictLiteral dict, Scope scope) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < dict.keys().size(); i++) {
            Object key = evaluate(dict.keys().get(i), scope);
            Values.checkHashable(key);
            map.put(key instanceof Markup markup ? markup.text() : key, evaluate(dict.values().get(i), scope));
        }
        return map;
    }

    private Object compare(Expression.Compare compare, Scope scope) {
        Object left = evaluate(compare.first(), scope);
        for (int i = 0; i < compare.operators().size(); i++) {
            Object right = evaluate(compare.operands().get(i), scope);
            if (!holds(compare.operators().get(i), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private boolean holds(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> Values.equal(left, right, budget);
            case "!=" -> !Values.equal(left, right, budget);
            case "in" -> Values.contains(right, left, budget);
            case "not in" -> !Values.contains(right, left, budget);
            case "<" -> Values.compare(left, right, operator, budget) < 0;
            case "<=" -> Values.compare(left, right, operator, budget) <= 0 && !isNan(left, right);
            case ">" -> Values.compare(left, right, operator, budget) > 0 && !isNan(left, right);
            case ">=" -> Values.compare(left, right, operator, budget) >= 0 && !isNan(left, right);
            default -> throw new IllegalStateException(operator);
        };
    }

    private static boolean isNan(Object left, Object right) {
        return left instanceof Double a && a.isNaN() || right instanceof Double b && b.isNaN();
    }

    private Object call(Expression.Call call, Optional<Macro> caller, Scope scope) {
        Object function = evaluate(call.function(), scope);
        Arguments arguments = arguments(call.arguments(), scope);
        if (caller.isPresent()) {
            Map<String, Object> named = new LinkedHashMap<>(arguments.named());
            named.put("caller", caller.get());
            arguments = new Arguments(arguments.positional(), named);
        }
        return switch (function) {
            case Function callable -> callable.call(this, arguments);
            case LoopState loop -> loop.recursion().orElseThrow(() -> TemplateException.value(
                    "The loop must have the 'recursive' marker to be called recursively.")).call(this, arguments);
            case Undefined undefined -> throw undefined.error();
            default -> throw TemplateException.value("'" + Values.type(function) + "' object is not callable");
        };
    }

    private Arguments arguments(Expression.CallArguments given, Scope scope) {
        if (given == Expression.CallArguments.NONE) {
            return Arguments.NONE;
        }
        List<Object> positional = evaluate(given.positional(), scope);
        Map<String, Object> named = new LinkedHashMap<>();
        for (Expression.Keyword keyword : given.named()) {
            if (named.put(keyword.name(), evaluate(keyword.value(), scope)) != null) {
                throw TemplateException.value("keyword argument repeated: " + keyword.name());
            }
        }
        if (given.spread().isPresent()) {
            positional.addAll(Values.list(evaluate(given.spread().get(), scope), budget));
        }
        if (given.namedSpread().isPresent()) {
            if (!(evaluate(given.namedSpread().get(), scope) instanceof Map<?, ?> map)) {
                throw TemplateException.value("argument after ** must be a mapping");
            }
            map.forEach((key, value) -> named.put(PythonText.str(key, budget), value));
        }
        return new Arguments(positional, named);
    }
}
