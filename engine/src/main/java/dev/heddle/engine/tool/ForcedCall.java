package dev.heddle.engine.tool;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.engine.grammar.OutputGrammar.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// Answers that are one call of one of some tools, with arguments that its schema accepts.
public final class ForcedCall {
    private ForcedCall() {
    }

    public static Part of(List<Tool> tools, ToolFormat format, Tokenizer tokenizer) {
        List<Part> calls = new ArrayList<>();
        for (Tool tool : tools) {
            String name = TextNode.valueOf(tool.name()).toString();
            calls.add(new Part.Sequence(List.of(new Part.Text("{\"name\": " + name + ", \"" + format.argumentsKey() + "\": "),
                    new Part.Json(tool.parameters()), new Part.Text("}"))));
        }
        List<Part> parts = new ArrayList<>();
        mark(format.open(), tokenizer, parts);
        parts.add(new Part.Text(format.around().getFirst() + (format.list() ? "[" : "")));
        parts.add(new Part.Choice(calls));
        parts.add(new Part.Text((format.list() ? "]" : "") + format.around().getLast()));
        mark(format.close(), tokenizer, parts);
        return new Part.Sequence(parts);
    }

    /// A mark is one token where the vocabulary has it.
    private static void mark(String mark, Tokenizer tokenizer, List<Part> parts) {
        if (!mark.isEmpty()) {
            OptionalInt id = tokenizer.id(mark);
            parts.add(id.isPresent() ? new Part.Token(id.getAsInt()) : new Part.Text(mark));
        }
    }
}
