package dev.heddle.cli;

import dev.heddle.Answer;
import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.Generator;
import dev.heddle.engine.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// What `--stats` and `/stats` print about a generation.
final class Statistics {
    private Statistics() {
    }

    static String of(LanguageModel model, SequenceState sequence, Generator.Result result) {
        long state = model.states().recurrentBytes();
        return String.format(Locale.ROOT, """
                prefill  %6d tokens  %9.1f tok/s
                decode   %6d tokens  %9.1f tok/s
                time to first token  %.3f s
                peak memory  %s
                sequence  %d positions, recurrent state %s, keys and values %s""",
                result.prompt(), result.prefillRate(), result.ids().length, result.decodeRate(), result.prefillSeconds(),
                Bytes.text(peakMemory()), sequence.position(), Bytes.text(state), Bytes.text(sequence.bytes() - state));
    }

    static String of(Answer answer) {
        int computed = answer.usage().prompt() - answer.usage().cached();
        int further = answer.usage().generated() - 1;
        return String.format(Locale.ROOT, """
                prefill  %6d tokens  %9.1f tok/s, %d from the cache
                decode   %6d tokens  %9.1f tok/s
                time to first token  %.3f s
                peak memory  %s""",
                computed, computed / answer.timings().prefill(), answer.usage().cached(), answer.usage().generated(),
                further > 0 ? further / answer.timings().decode() : 0, answer.timings().prefill(), Bytes.text(peakMemory()));
    }

    /// Peak resident memory of this process where the system tells, else the memory Java holds.
    static long peakMemory() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("\\D+", "")) * 1024;
                }
            }
        } catch (IOException e) {
            // not Linux
        }
        return Runtime.getRuntime().totalMemory();
    }
}
