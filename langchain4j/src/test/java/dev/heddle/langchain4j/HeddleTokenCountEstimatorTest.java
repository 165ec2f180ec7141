package dev.heddle.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.UserMessage;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Counts of tokens. That they are those of the prompt is tested with the chat model.
@ExtendWith(SharedModel.class)
class HeddleTokenCountEstimatorTest {
    @Test
    void countsWithAndWithoutATemplate() {
        try (HeddleTokenCountEstimator chat = HeddleTokenCountEstimator.builder().model(SharedModel.model()).build();
                HeddleTokenCountEstimator story = HeddleTokenCountEstimator.builder().modelPath(SharedModel.bundled()).build()) {
            // "On", "ce", " upon", " a", " time"
            assertEquals(5, chat.estimateTokenCountInText("Once upon a time"));
            assertEquals(0, chat.estimateTokenCountInText(""));
            ChatMessage message = UserMessage.from("Once upon a time");
            assertEquals(5, story.estimateTokenCountInMessage(message));
            assertEquals(chat.estimateTokenCountInText("<|im_start|>user\nOnce upon a time<|im_end|>\n"), chat.estimateTokenCountInMessage(message));
            assertEquals(chat.estimateTokenCountInText("<|im_start|>user\nOnce upon a time<|im_end|>\n<|im_start|>assistant\n"),
                    chat.estimateTokenCountInMessages(List.of(message)));
            assertEquals(0, chat.estimateTokenCountInMessages(List.of()));
        }
    }

    @Test
    void aTemplateThatRefusesLeavesTheText() {
        try (HeddleTokenCountEstimator chat = HeddleTokenCountEstimator.builder().model(SharedModel.model()).build()) {
            ChatMessage refused = AiMessage.from("this will fail");
            assertEquals(chat.estimateTokenCountInText("this will fail"), chat.estimateTokenCountInMessage(refused));
            assertEquals(2 * chat.estimateTokenCountInMessage(refused), chat.estimateTokenCountInMessages(List.of(refused, refused)));
        }
    }

    @Test
    void aFolderWithoutATokenizerIsAnError(@TempDir Path empty) {
        assertThrows(CheckpointException.class, () -> HeddleTokenCountEstimator.builder().modelPath(empty).build());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> HeddleTokenCountEstimator.builder().build()).getMessage()
                .contains("either a model or the path"));
    }
}
