package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RunCommandTest {
    private static final String PROMPT = "Once upon a time there was a little";

    private static CommandLineRun run(String... options) {
        String[] arguments = new String[options.length + 2];
        arguments[0] = "run";
        arguments[1] = PROMPT;
        System.arraycopy(options, 0, arguments, 2, options.length);
        return CommandLineRun.of(arguments);
    }

    @Test
    void printsGeneratedTextAlone() {
        CommandLineRun run = run("-n", "8", "--greedy");
        assertEquals(0, run.code(), run.err());
        assertEquals(" girl who had been a little girl,\n", run.out());
        assertEquals(1, run.err().lines().count());
        assertTrue(run.err().contains("small demonstration model"), run.err());
    }

    @Test
    void echoPrintsThePromptFirst() {
        assertEquals(PROMPT + " girl who had been a little girl,\n", run("-n", "8", "--greedy", "--echo").out());
    }

    @Test
    void aLoneArgumentIsAModelOnlyIfItLooksLikeOne(@TempDir Path folder) {
        assertTrue(ModelArgument.isModel(folder.toString()));
        assertTrue(ModelArgument.isModel("jamba-v0.1"));
        assertTrue(ModelArgument.isModel("state-spaces/mamba-130m-hf"));
        for (String prompt : List.of("", " ", "Once", "Once upon a time", "and/or else", "a/b/c", "What is 1/2?", "he/she,", "/nowhere", "-/x", "x\u0000y")) {
            assertFalse(ModelArgument.isModel(prompt), prompt);
        }
    }

    @Test
    void aSeedRepeatsAText() {
        String first = run("-n", "12", "--seed", "5", "--temp", "1").out();
        assertEquals(first, run("-n", "12", "--seed", "5", "--temp", "1").out());
        assertNotEquals(first, run("-n", "12", "--seed", "6", "--temp", "1").out());
    }

    @Test
    void stopsBeforeAStopText() {
        assertEquals(" girl who had been\n", run("-n", "8", "--greedy", "--stop", " a little").out());
    }

    @Test
    void saysWhatItTook() {
        CommandLineRun run = run("-n", "4", "--greedy", "--stats");
        for (String what : new String[] {"prefill      10 tokens", "decode        4 tokens", "time to first token", "peak memory",
            "recurrent state", "keys and values"}) {
            assertTrue(run.err().contains(what), what + " in " + run.err());
        }
    }

    @Test
    void aFullContextEndsTheText() {
        CommandLineRun run = run("--greedy", "-c", "14");
        assertEquals(0, run.code());
        assertTrue(run.errors().getFirst().contains("the context of 14 tokens is full"), run.err());
        CommandLineRun tooLong = run("--greedy", "-c", "5");
        assertEquals(1, tooLong.code());
        assertEquals("heddle: the prompt of 10 tokens exceeds the context of 5 tokens", tooLong.errors().getFirst());
    }

    @Test
    void withoutALengthAStoryEndsWithASentence() {
        CommandLineRun run = run("--seed", "3");
        assertEquals(0, run.code());
        assertEquals(List.of(), run.errors());
        assertTrue(run.out().strip().length() > 400, run.out());
        assertTrue(run.out().strip().matches("(?s).*[.!?…][\"'”’)]*"), run.out());
    }

    @Test
    void saysWhatItRunsOn() {
        assertTrue(run("-n", "1", "--verbose", "--threads", "1").errors().getFirst().matches("heddle: backend cpu, .*1 thread"));
        CommandLineRun plain = run("-n", "8", "--greedy", "-v", "--backend", "plain");
        assertEquals("heddle: backend cpu, plain loops (as asked)", plain.errors().getFirst());
        assertEquals(" girl who had been a little girl,\n", plain.out());
    }

    @Test
    void penaltiesChangeGreedyText() {
        assertNotEquals(run("-n", "30", "--greedy").out(), run("-n", "30", "--greedy", "--repeat-penalty", "2", "--repeat-last-n", "-1").out());
        assertNotEquals(run("-n", "30", "--greedy").out(), run("-n", "30", "--greedy", "--frequency-penalty", "2").out());
        assertNotEquals(run("-n", "30", "--greedy").out(), run("-n", "30", "--greedy", "--presence-penalty", "2").out());
        assertEquals(run("-n", "12", "--greedy").out(), run("-n", "12", "--temp", "1", "--top-k", "1", "--repeat-penalty", "1").out());
    }

    @Test
    void everyCommandHelpsWithAnExample() {
        for (CommandLine command : Heddle.parser("").getSubcommands().values()) {
            CommandLineRun help = CommandLineRun.of(command.getCommandName(), "--help");
            assertEquals(0, help.code());
            assertTrue(help.out().contains("Usage: heddle " + command.getCommandName()), help.out());
            int example = help.out().indexOf("Example");
            assertTrue(example > 0 && help.out().indexOf("heddle " + command.getCommandName(), example) > 0, help.out());
        }
        assertEquals(0, CommandLineRun.of("--help").code());
        assertTrue(CommandLineRun.of("--version").out().matches("heddle \\d.*\\s"));
    }

    @Test
    void wrongUseIsSaidInOneLine() {
        expectUsage("heddle: --greedy and --temp 0.5 contradict each other", run("--greedy", "--temp", "0.5"));
        expectUsage("heddle: --backend must be auto, vector or plain, not fast", run("--backend", "fast"));
        expectUsage("heddle: --threads must be at least 1, not 0", run("--threads", "0"));
        expectUsage("heddle: --system needs a model with a chat template", run("--system", "be kind"));
        CommandLineRun unknown = run("--warp");
        assertEquals(2, unknown.code());
        assertEquals("heddle: Unknown option: '--warp'", unknown.errors().getFirst());
    }

    private static void expectUsage(String message, CommandLineRun run) {
        assertEquals(2, run.code());
        assertEquals(message, run.errors().getFirst());
        assertEquals(1, run.errors().size());
        assertEquals("", run.out());
    }

    @Test
    void modelsThatCannotBeOpenedAreSaidInOneLine(@TempDir Path folder) throws Exception {
        CommandLineRun empty = CommandLineRun.of("run", folder.toString(), "text");
        assertEquals(1, empty.code());
        assertTrue(empty.err().contains(folder.toString()), empty.err());
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"abacus\"}");
        CommandLineRun unknown = CommandLineRun.of("run", folder.toString(), "text");
        assertEquals(1, unknown.code());
        assertEquals(1, unknown.errors().size(), unknown.err());
        assertTrue(unknown.err().contains("abacus"), unknown.err());
        CommandLineRun preset = CommandLineRun.of("run", "jamba-v0.1", "text");
        assertEquals(1, preset.code());
        assertTrue(preset.err().contains("heddle bench --random jamba-v0.1"), preset.err());
        for (CommandLineRun run : new CommandLineRun[] {empty, unknown, preset}) {
            assertFalse(run.err().contains("\tat "), run.err());
        }
    }
}
