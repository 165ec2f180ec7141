package dev.heddle.engine.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.TestFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Answers as texts.
class AnswerReaderTest {
    /// The scheduler may be tokens ahead of the reader when a stop text is found.
    @Test
    void whatAStopTextCutsOffCostsNothing() throws InterruptedException {
        Path folder = TestFiles.bundledModel();
        try (Tokenizer tokenizer = Tokenizers.load(folder); Checkpoint checkpoint = Checkpoint.open(folder);
                CpuBackend backend = CpuBackend.best(); LanguageModel model = LanguageModel.load(checkpoint, backend);
                Scheduler scheduler = new Scheduler(model, SchedulerOptions.DEFAULT.withParallel(1))) {
            GenerationRequest request = GenerationRequest.of(tokenizer.encode("Once upon a time", true)).withMaxTokens(12);
            Generation whole = scheduler.submit(request);
            assertEquals(Finish.LENGTH, whole.await());
            int id = whole.next().orElseThrow().id();
            String first = tokenizer.decode(new int[] {id});
            assertTrue(!first.isBlank());
            Generation ahead = scheduler.submit(request);
            ahead.await();
            AnswerReader reader = new AnswerReader(ahead, tokenizer, List.of(first.strip()), Set.of(), Set.of());
            assertEquals(List.of(id), reader.rest().tokens().stream().map(GeneratedToken::id).toList());
            assertEquals(Finish.STOP, reader.finish());
            assertEquals(12, ahead.usage().generated());
            assertEquals(new Usage(request.prompt().length, 0, 1), reader.usage());
        }
    }
}
