package dev.heddle.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which tokens of a conversation are learnt, with published templates.
class ConversationTest {
    private static final List<Message> TALK = List.of(Message.system("Be brief."), Message.user("Hi, who are you?"),
            Message.assistant("A loom — naïve, but 織る."), Message.user("What do you weave?"), Message.assistant("Threads."));

    @TempDir
    Path folder;

    private static Path data(String name) {
        return Path.of(System.getProperty("heddle.repository")).resolve("testdata").resolve(name);
    }

    private static ChatTemplate template(String name) throws Exception {
        return ChatTemplate.of(Files.readString(data("templates/" + name + ".jinja")), Map.of("bos_token", "<bos>"));
    }

    /// GPT-NeoX' tokenizer with these texts as special tokens of their own.
    private Tokenizer tokenizer(String... special) throws Exception {
        ObjectNode json = Json.readObject(data("tokenizers/gpt-neox-20B_tokenizer.json"));
        ArrayNode added = (ArrayNode) json.get("added_tokens");
        for (int i = 0; i < special.length; i++) {
            added.addObject().put("id", 50_277 + i).put("content", special[i]).put("special", true).put("normalized", false)
                    .put("single_word", false).put("lstrip", false).put("rstrip", false);
        }
        return Tokenizers.loadFile(Files.writeString(folder.resolve("tokenizer.json"), json.toString()));
    }

    private static String learnt(Tokenizer tokenizer, Conversation conversation) {
        return tokenizer.decode(IntStream.range(0, conversation.ids().length).filter(i -> conversation.answer()[i])
                .map(i -> conversation.ids()[i]).toArray(), false);
    }

    @Test
    void answersAreLearntWithTheirEndOfTurn() throws Exception {
        try (Tokenizer tokenizer = tokenizer("<|im_start|>", "<|im_end|>")) {
            ConversationEncoder encoder = new ConversationEncoder(template("Qwen-Qwen2.5-7B-Instruct"), tokenizer);
            List<Conversation> encoded = encoder.encode(TALK, "talk");
            assertEquals(1, encoded.size());
            assertEquals("A loom — naïve, but 織る.<|im_end|>Threads.<|im_end|>", learnt(tokenizer, encoded.getFirst()));
            assertEquals("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi, who are you?<|im_end|>\n<|im_start|>assistant\n"
                    + "A loom — naïve, but 織る.<|im_end|>\n<|im_start|>user\nWhat do you weave?<|im_end|>\n<|im_start|>assistant\n"
                    + "Threads.<|im_end|>\n", tokenizer.decode(encoded.getFirst().ids(), false));
        }
    }

    @Test
    void otherTurnMarksDoAsWell() throws Exception {
        try (Tokenizer tokenizer = tokenizer("<bos>", "<start_of_turn>", "<end_of_turn>")) {
            List<Conversation> encoded = new ConversationEncoder(template("google-gemma-2-2b-it"), tokenizer)
                    .encode(TALK.subList(1, 5), "talk");
            assertEquals("A loom — naïve, but 織る.<end_of_turn>Threads.<end_of_turn>", learnt(tokenizer, encoded.getFirst()));
        }
    }

    /// Qwen3 drops the reasoning of earlier turns, so what it sees before a later answer is another text.
    @Test
    void aTemplateThatRewritesEarlierTurnsGivesOneTextForEachAnswer() throws Exception {
        try (Tokenizer tokenizer = tokenizer("<|im_start|>", "<|im_end|>", "<think>", "</think>")) {
            ConversationEncoder encoder = new ConversationEncoder(template("Qwen-Qwen3-0.6B"), tokenizer);
            List<Conversation> encoded = encoder.encode(List.of(Message.user("2+2?"),
                    Message.assistant("<think>\neasy\n</think>\n\n4"), Message.user("3+3?"), Message.assistant("<think>\nagain\n</think>\n\n6")), "sums");
            assertEquals(2, encoded.size());
            assertEquals("<think>\neasy\n</think>\n\n4<|im_end|>", learnt(tokenizer, encoded.get(0)));
            assertEquals("<think>\nagain\n</think>\n\n6<|im_end|>", learnt(tokenizer, encoded.get(1)));
            assertTrue(!tokenizer.decode(encoded.get(1).ids(), false).contains("easy"));
        }
    }

    @Test
    void shardsKeepWhatIsAsked() throws Exception {
        Path corpus = Files.writeString(folder.resolve("talk.jsonl"), """
                {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there"}]}

                {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "So long"}]}
                """);
        try (Tokenizer tokenizer = tokenizer("<|im_start|>", "<|im_end|>")) {
            ConversationEncoder encoder = new ConversationEncoder(template("Qwen-Qwen2.5-7B-Instruct"), tokenizer);
            CorpusShards shards = new CorpusShards(folder.resolve("shards"), tokenizer, 51_000, folder.resolve("tokenizer.json"));
            TokenShard shard = shards.conversations(new DocumentSource(corpus, "messages"), encoder, "qwen", 0, _ -> { }).train();
            assertEquals(2, shard.documents());
            int length = (int) shard.length(1);
            Stretch whole = shard.stretch(1, 0, length - 1, 0, false);
            int[] asked = Arrays.stream(whole.targets()).filter(id -> id != Stretch.NONE).toArray();
            assertEquals("So long<|im_end|>", tokenizer.decode(asked, false));
            assertEquals(asked.length, whole.predictions());
            for (int i = 0; i < whole.targets().length; i++) {
                int next = shard.read(1, i + 1, 1)[0];
                assertTrue(whole.targets()[i] == Stretch.NONE || whole.targets()[i] == next);
            }
            Stretch tail = shard.stretch(1, length - 3, 2, 0, true);
            assertEquals(tokenizer.id("<|im_end|>").orElseThrow(), tail.targets()[0]);
            assertEquals(Stretch.NONE, tail.targets()[1]);
        }
    }

    @Test
    void damagedConversationsAreNamedByLine() throws Exception {
        try (Tokenizer tokenizer = tokenizer("<|im_start|>", "<|im_end|>")) {
            refused(tokenizer, "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}", "line 1: no message has the role \"assistant\"");
            refused(tokenizer, "\n{\"text\": \"Hi\"}", "line 2: has no list \"messages\"");
            refused(tokenizer, "{\"messages\": [{\"content\": \"Hi\"}]}", "line 1, message 1: role is");
        }
    }

    private void refused(Tokenizer tokenizer, String lines, String message) throws Exception {
        Path corpus = Files.writeString(folder.resolve("bad.jsonl"), lines);
        CorpusShards shards = new CorpusShards(folder.resolve("shards"), tokenizer, 51_000, folder.resolve("tokenizer.json"));
        ConversationEncoder encoder = new ConversationEncoder(template("Qwen-Qwen2.5-7B-Instruct"), tokenizer);
        RuntimeException error = assertThrows(RuntimeException.class,
                () -> shards.conversations(new DocumentSource(corpus, "messages"), encoder, "qwen", 0, _ -> { }));
        assertTrue(error.getMessage().contains(message), error.getMessage());
    }
}
