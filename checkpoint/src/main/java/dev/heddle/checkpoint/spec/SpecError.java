package dev.heddle.checkpoint.spec;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.spec.SpecException;
import java.util.regex.Pattern;

/// Errors of specification files: file, line and column, the path to the field, what is wrong.
record SpecError(String origin) {
    private static final Pattern CAMEL_CASE = Pattern.compile("\\b[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+\\b");

    CheckpointException at(SpecNode node, String problem) {
        SpecNode.Place place = node.place();
        return new CheckpointException(origin + (place.line() > 0 ? ":" + place.line() + ":" + place.column() : "") + ": " + problem);
    }

    CheckpointException wrong(SpecNode node, String path, String expected) {
        return at(node, path + " is " + node.describe() + ", expected " + expected);
    }

    /// What a record's own check found: its fields by the keys of the file.
    CheckpointException refused(SpecNode node, String path, SpecException e) {
        int dot = e.field().indexOf('.');
        String field = keys(dot < 0 ? e.field() : e.field().substring(dot + 1));
        String first = field.substring(0, field.indexOf('.') < 0 ? field.length() : field.indexOf('.'));
        SpecNode place = node instanceof SpecNode.Mapping mapping ? mapping.entries().getOrDefault(first, node) : node;
        return at(place, (path.isEmpty() ? field : path + "." + field) + " " + keys(e.problem()));
    }

    private static String keys(String text) {
        return CAMEL_CASE.matcher(text).replaceAll(match -> SpecTypes.snake(match.group()));
    }
}
