package dev.heddle.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.engine.serve.AnswerReader;
import dev.heddle.engine.serve.Usage;
import java.util.List;

/// What a request cost: its prompt once, all its answers.
final class Usages {
    private Usages() {
    }

    static ObjectNode of(List<AnswerReader> answers) {
        List<Usage> usages = answers.stream().map(AnswerReader::usage).toList();
        int prompt = usages.getFirst().prompt();
        int generated = usages.stream().mapToInt(Usage::generated).sum();
        ObjectNode node = Json.object().put("prompt_tokens", prompt).put("completion_tokens", generated).put("total_tokens", prompt + generated);
        node.putObject("prompt_tokens_details").put("cached_tokens", usages.stream().mapToInt(Usage::cached).max().orElse(0));
        return node;
    }
}
