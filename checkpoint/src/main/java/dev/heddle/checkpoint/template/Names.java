package dev.heddle.checkpoint.template;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Finds the names that a part of a template reads.
final class Names {
    private final Set<String> names = new HashSet<>();

    private Names() {
    }

    static Set<String> in(List<Statement> statements) {
        Names finder = new Names();
        finder.visit(statements);
        return Set.copyOf(finder.names);
    }

    private void visit(List<Statement> statements) {
        statements.forEach(this::visit);
    }

    private void visit(Statement statement) {
        switch (statement) {
            case Statement.Text text -> { }
            case Statement.Break end -> { }
            case Statement.Continue end -> { }
            case Statement.Print print -> visit(print.value());
            case Statement.If branches -> {
                for (Statement.Branch branch : branches.branches()) {
                    visit(branch.test());
                    visit(branch.body());
                }
                visit(branches.otherwise());
            }
            case Statement.For loop -> {
                visit(loop.items());
                loop.filter().ifPresent(this::visit);
                visit(loop.body());
                visit(loop.otherwise());
            }
            case Statement.Assign assign -> visit(assign.value());
            case Statement.AssignBlock assign -> {
                visit(assign.value());
                visit(assign.body());
            }
            case Statement.With with -> {
                with.values().forEach(this::visit);
                visit(with.body());
            }
            case Statement.MacroDefinition macro -> {
                macro.parameters().forEach(parameter -> parameter.fallback().ifPresent(this::visit));
                visit(macro.body());
            }
            case Statement.CallBlock call -> {
                visit(call.call());
                call.parameters().forEach(parameter -> parameter.fallback().ifPresent(this::visit));
                visit(call.body());
            }
            case Statement.FilterBlock filter -> {
                visit(filter.value());
                visit(filter.body());
            }
            case Statement.Generation generation -> visit(generation.body());
        }
    }

    private void visit(Expression expression) {
        switch (expression) {
            case Expression.Constant constant -> { }
            case Expression.Body body -> { }
            case Expression.Name name -> names.add(name.name());
            case Expression.NamespaceTarget target -> names.add(target.namespace());
            case Expression.TupleLiteral tuple -> tuple.items().forEach(this::visit);
            case Expression.ListLiteral list -> list.items().forEach(this::visit);
            case Expression.DictLiteral dict -> {
                dict.keys().forEach(this::visit);
                dict.values().forEach(this::visit);
            }
            case Expression.Attribute attribute -> visit(attribute.object());
            case Expression.Item item -> {
                visit(item.object());
                visit(item.key());
            }
            case Expression.Slice slice -> {
                visit(slice.object());
                slice.start().ifPresent(this::visit);
                slice.stop().ifPresent(this::visit);
                slice.step().ifPresent(this::visit);
            }
            case Expression.Call call -> {
                visit(call.function());
                visit(call.arguments());
            }
            case Expression.Filter filter -> {
                visit(filter.value());
                visit(filter.arguments());
            }
            case Expression.Test test -> {
                visit(test.value());
                visit(test.arguments());
            }
            case Expression.Unary unary -> visit(unary.operand());
            case Expression.Not not -> visit(not.operand());
            case Expression.Binary binary -> {
                visit(binary.left());
                visit(binary.right());
            }
            case Expression.Concat concat -> concat.parts().forEach(this::visit);
            case Expression.And and -> {
                visit(and.left());
                visit(and.right());
            }
            case Expression.Or or -> {
                visit(or.left());
                visit(or.right());
            }
            case Expression.Compare compare -> {
                visit(compare.first());
                compare.operands().forEach(this::visit);
            }
            case Expression.Conditional conditional -> {
                visit(conditional.test());
                visit(conditional.whenTrue());
                conditional.whenFalse().ifPresent(this::visit);
            }
        }
    }

    private void visit(Expression.CallArguments arguments) {
        arguments.positional().forEach(this::visit);
        arguments.named().forEach(keyword -> visit(keyword.value()));
        arguments.spread().ifPresent(this::visit);
        arguments.namedSpread().ifPresent(this::visit);
    }
}
