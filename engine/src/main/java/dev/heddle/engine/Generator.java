package dev.heddle.engine;

import dev.heddle.checkpoint.tokenizer.TokenStream;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.sampling.Sampler;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// Continues a sequence token by token.
public final class Generator {
    /// Rows of one prefill pass; boundaries lie at multiples of this many positions.
    public static final int PREFILL = 512;

    /// Why a generation ended.
    public enum End { END_OF_SEQUENCE, LENGTH, CONTEXT_FULL, STOP_TEXT, CANCELLED }

    /// What a generation did.
    ///
    /// @param prompt         tokens fed
    /// @param ids            tokens generated, the end-of-sequence token included
    /// @param prefillSeconds from the start to the first token
    /// @param decodeSeconds  from the first token to the end
    public record Result(int prompt, int[] ids, End end, double prefillSeconds, double decodeSeconds) {
        public double prefillRate() {
            return prompt / prefillSeconds;
        }

        /// Tokens a second after the first; 0 if there was only one.
        public double decodeRate() {
            return ids.length < 2 ? 0 : (ids.length - 1) / decodeSeconds;
        }
    }

    private final LanguageModel model;
    private final Tokenizer tokenizer;

    public Generator(LanguageModel model, Tokenizer tokenizer) {
        this.model = model;
        this.tokenizer = tokenizer;
    }

    /// Feeds `prompt` to `sequence` and generates. The last generated token has not been fed to the sequence.
    ///
    /// @param output receives the text as it becomes certain
    /// @param cancel asked before each piece of the prompt and after each token
    public Result generate(SequenceState sequence, int[] prompt, GenerationOptions options, Consumer<String> output,
            BooleanSupplier cancel) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("there is nothing to continue: the prompt has no tokens and the model has no "
                    + "begin-of-sequence token");
        }
        if (options.context() > 0 && sequence.position() + prompt.length > options.context()) {
            throw new IllegalArgumentException("the prompt of " + prompt.length + " tokens"
                    + (sequence.position() == 0 ? "" : " after " + sequence.position() + " others")
                    + " exceeds the context of " + options.context() + " tokens");
        }
        long start = System.nanoTime();
        float[] logits = prefill(sequence, prompt, cancel);
        Sampler sampler = new Sampler(options.sampling(), options.seed());
        TokenStream text = tokenizer.stream(prompt, true);
        StopText stop = new StopText(options.stop());
        int[] history = Arrays.copyOf(prompt, prompt.length + 64);
        int length = prompt.length;
        long first = 0;
        End end = End.LENGTH;
        SentenceEnd sentence = new SentenceEnd();
        while (!isEnough(options, length - prompt.length, sentence)) {
            if (logits.length == 0) {
                end = End.CANCELLED;
                break;
            }
            int id = sampler.next(logits, options.sampling().penalises() ? Arrays.copyOf(history, length) : history);
            if (first == 0) {
                first = System.nanoTime();
            }
            if (length == history.length) {
                history = Arrays.copyOf(history, length * 2);
            }
            history[length++] = id;
            if (!options.ignoreEnd() && tokenizer.isEndOfSequence(id)) {
                end = End.END_OF_SEQUENCE;
                break;
            }
            String piece = stop.feed(text.feed(id));
            sentence.feed(piece);
            emit(output, piece);
            if (stop.found()) {
                end = End.STOP_TEXT;
                break;
            }
            if (options.context() > 0 && sequence.position() == options.context()) {
                end = End.CONTEXT_FULL;
                break;
            }
            if (!isEnough(options, length - prompt.length, sentence)) {
                if (cancel.getAsBoolean()) {
                    end = End.CANCELLED;
                    break;
                }
                logits = model.lastLogits(List.of(sequence), List.of(new int[] {id}))[0];
            }
        }
        if (!stop.found()) {
            emit(output, stop.feed(text.finish()));
            emit(output, stop.finish());
        }
        long now = System.nanoTime();
        first = first == 0 ? now : first;
        return new Result(prompt.length, Arrays.copyOfRange(history, prompt.length, length), end, (first - start) * 1e-9,
                (now - first) * 1e-9);
    }

    /// The first half of the grace waits for a sentence that closes its quotations, the second for any.
    private static boolean isEnough(GenerationOptions options, int count, SentenceEnd sentence) {
        int surplus = count - options.maxTokens();
        return options.maxTokens() >= 0 && surplus >= 0 && (surplus >= options.grace() || sentence.reached()
                || surplus >= options.grace() / 2 && sentence.terminated());
    }

    private static void emit(Consumer<String> output, String text) {
        if (!text.isEmpty()) {
            output.accept(text);
        }
    }

    /// Logits after the prompt; empty if cancelled.
    private float[] prefill(SequenceState sequence, int[] prompt, BooleanSupplier cancel) {
        int from = 0;
        while (true) {
            if (cancel.getAsBoolean()) {
                return new float[0];
            }
            int room = (int) (PREFILL - sequence.position() % PREFILL);
            int to = Math.min(prompt.length, from + room);
            int[] piece = Arrays.copyOfRange(prompt, from, to);
            if (to == prompt.length) {
                return model.lastLogits(List.of(sequence), List.of(piece))[0];
            }
            model.feed(List.of(sequence), List.of(piece));
            from = to;
        }
    }
}
