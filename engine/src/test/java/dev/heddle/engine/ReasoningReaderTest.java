package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReasoningReaderTest {
    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', textBlock = """
            false, "<think>\\nfirst this\\nthen that\\n</think>\\n\\nThe answer", "first this\\nthen that", "The answer"
            false, "\\n <think>a</think>b", "a", "b"
            false, "<think>\\n\\n</think>\\n\\nplain", "", "plain"
            false, "no thought <think>x</think>", "", "no thought <think>x</think>"
            false, " <thin air", "", " <thin air"
            false, "<think>never ends </thin", "never ends </thin", ""
            false, "<think>a < b </ c</think> d </think>", "a < b </ c", "d </think>"
            false, "", "", ""
            false, " ", "", " "
            true, "goes on\\n</think>\\nend \\n", "goes on", "end \\n"
            true, "</think>end", "", "end"
            true, " only  thought ", "only  thought", ""
            """)
    void inPiecesOfAnyLength(boolean prompted, String written, String reasoning, String answer) {
        String text = written.replace("\\n", "\n");
        for (int length = 1; length <= Math.max(1, text.length()); length++) {
            ReasoningReader reader = new ReasoningReader(prompted);
            StringBuilder first = new StringBuilder();
            StringBuilder second = new StringBuilder();
            for (int at = 0; at < text.length(); at += length) {
                ReasoningReader.Split split = reader.feed(text.substring(at, Math.min(text.length(), at + length)));
                first.append(split.reasoning());
                second.append(split.answer());
            }
            ReasoningReader.Split rest = reader.finish();
            assertEquals(reasoning.replace("\\n", "\n"), first + rest.reasoning(), "pieces of " + length);
            assertEquals(answer.replace("\\n", "\n"), second + rest.answer(), "pieces of " + length);
        }
    }
}
