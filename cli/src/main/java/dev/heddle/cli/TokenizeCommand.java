package dev.heddle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle tokenize`: ids and pieces of a text.
@Command(name = "tokenize", mixinStandardHelpOptions = true, description = "Show the token ids and pieces of a text.",
        footer = {"", "Without TEXT it reads standard input.", "", "Example: heddle tokenize ./mamba-130m \"Hello world\" --json"})
final class TokenizeCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "[MODEL] [TEXT]", arity = "0..2", description = "the model (default the bundled one) and the text")
    List<String> arguments = new ArrayList<>();

    @Option(names = "--no-special", description = "without the tokens the model expects around a text")
    boolean noSpecial;

    @Option(names = "--json", description = "print {\"ids\": […], \"pieces\": […]}")
    boolean json;

    @Override
    public Integer call() throws IOException {
        ModelArgument.requireAtMostTwo(arguments);
        String model = arguments.size() == 2 || arguments.size() == 1 && ModelArgument.isModel(arguments.getFirst())
                ? arguments.getFirst() : "";
        String text = arguments.size() == 2 ? arguments.get(1)
                : arguments.size() == 1 && model.isEmpty() ? arguments.getFirst()
                : new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        PrintWriter out = spec.commandLine().getOut();
        try (Tokenizer tokenizer = Tokenizers.load(ModelArgument.folder(model))) {
            int[] ids = tokenizer.encode(text, !noSpecial);
            if (json) {
                ArrayNode idList = Json.mapper().createArrayNode();
                ArrayNode pieces = Json.mapper().createArrayNode();
                for (int id : ids) {
                    idList.add(id);
                    pieces.add(tokenizer.piece(id));
                }
                out.println(Json.object().<com.fasterxml.jackson.databind.node.ObjectNode>set("ids", idList).set("pieces", pieces));
            } else {
                for (int id : ids) {
                    out.printf("%8d  %s%n", id, tokenizer.piece(id));
                }
            }
        }
        out.flush();
        return 0;
    }
}
