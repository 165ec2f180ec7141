package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Instruction data: the model learns what the assistant says and not what it is asked.
class ConversationTrainingTest {
    @TempDir
    Path folder;

    private CommandLineRun train(String output, String tokenizer) throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            lines.append("{\"messages\": [{\"role\": \"user\", \"content\": \"Question ").append(i * 7919 % 1000)
                    .append(" of the old man by the river?\"}, {\"role\": \"assistant\", \"content\": \"Yes.\"}]}\n");
        }
        Files.writeString(folder.resolve("talk.jsonl"), lines);
        return CommandLineRun.of("train", Files.writeString(folder.resolve(output + ".yaml"), """
                model: %s
                tokenizer: %s
                data: [{file: talk.jsonl, chat: true}]
                held_out: 0
                steps: 40
                schedule: {type: constant}
                length: 8
                batch: 2
                optimizer: {rate: 0.003}
                lora: {rank: 4}
                output: %s
                """.formatted(ModelArgument.bundled(), tokenizer, output)).toString());
    }

    @Test
    void onlyAnswersCount() throws Exception {
        Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
        for (String name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
            Files.copy(ModelArgument.bundled().resolve(name), tokenizer.resolve(name));
        }
        Files.writeString(tokenizer.resolve("chat_template.jinja"), "{% for m in messages %}{{ m.role }}: {{ m.content }}\n"
                + "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}");
        CommandLineRun run = train("run", tokenizer.toString());
        assertEquals(0, run.code(), run.err());
        // the same short answer every time is learnt at once, though no question could be foreseen in so few steps;
        // a step that met no answer has nothing to learn
        List<Double> losses = Files.readAllLines(folder.resolve("run/metrics.jsonl")).stream()
                .map(line -> Double.parseDouble(line.replaceAll(".*\"loss\":([0-9.E-]+).*", "$1"))).filter(loss -> loss > 0).toList();
        assertTrue(losses.size() >= 6 && losses.getFirst() > 2 && losses.getLast() < 1, losses.toString());
    }

    @Test
    void withoutATemplateThereIsOneClearError() throws Exception {
        CommandLineRun run = train("none", ModelArgument.bundled().toString());
        assertNotEquals(0, run.code());
        assertEquals(1, run.errors().size(), run.err());
        assertTrue(run.err().contains("conversations need a chat template"), run.err());
    }
}
