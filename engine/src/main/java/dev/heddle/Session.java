package dev.heddle;

import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.engine.serve.AnswerReader;
import dev.heddle.engine.serve.Finish;
import dev.heddle.engine.serve.Generation;
import dev.heddle.engine.serve.GenerationRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// A conversation with a model ([#chat]), or a text that it goes on with ([#generate]). What was said before is the
/// context of what comes next; the model's cache keeps it from being computed anew. A session holds text and token ids
/// alone, so it needs no closing. One thread may use it at a time.
public final class Session {
    private static final Consumer<String> NOBODY = _ -> {
    };

    private final HeddleModel model;
    private final List<Message> messages = new ArrayList<>();
    private int[] tokens = new int[0];
    private volatile Optional<Generation> current = Optional.empty();
    private volatile boolean stopped;

    Session(HeddleModel model) {
        this.model = model;
    }

    /// Ends the answer under way where it stands, with [Finish#CANCELLED]; another thread calls this.
    public void stop() {
        stopped = true;
        current.ifPresent(Generation::cancel);
    }

    /// The messages so far, answers included.
    public List<Message> messages() {
        return List.copyOf(messages);
    }

    /// The token ids of the text so far, answers included; those of a conversation follow from its messages.
    public int[] tokens() {
        return tokens.clone();
    }

    /// Begins a conversation by what the model should keep to.
    public Session system(String text) {
        messages.add(Message.system(text));
        return this;
    }

    /// Adds a message without asking for an answer, to take up an earlier conversation.
    public Session add(Message message) {
        messages.add(message);
        return this;
    }

    /// Adds tokens without asking for an answer, to take up an earlier text.
    public Session add(int... ids) {
        tokens = concat(tokens, ids);
        return this;
    }

    /// Says `text` as the user and returns the answer.
    public Answer chat(String text) {
        return chat(text, model.defaults(), NOBODY);
    }

    /// @param output receives the answer piece by piece, as it becomes certain
    /// @throws IllegalStateException if the model has no chat template, or an answer fails
    /// @throws dev.heddle.engine.serve.ContextExceeded if the conversation has become too long
    /// @throws CancellationException if the thread is interrupted; the message is then taken back
    public Answer chat(String text, AnswerOptions options, Consumer<String> output) {
        ChatTemplate template = model.template().orElseThrow(() -> new IllegalStateException(model.spec().name()
                + " has no chat template; use generate"));
        messages.add(Message.user(text));
        try {
            Tokenizer tokenizer = model.tokenizer();
            int[] prompt = tokenizer.encode(template.render(messages, List.of(), true, Map.of()), false);
            Answer answer = answer(prompt, options, output, new ArrayList<>());
            messages.add(Message.assistant(answer.text()));
            return answer;
        } catch (RuntimeException e) {
            messages.removeLast();
            throw e;
        }
    }

    /// Goes on with `text`, or with what it said last if `text` is empty.
    public Answer generate(String text) {
        return generate(text, model.defaults(), NOBODY);
    }

    /// Goes on with `text` and these options.
    public Answer generate(String text, AnswerOptions options) {
        return generate(text, options, NOBODY);
    }

    /// @param output receives the answer piece by piece, as it becomes certain
    /// @throws dev.heddle.engine.serve.ContextExceeded if the text has become too long
    /// @throws CancellationException if the thread is interrupted; the text is then taken back
    public Answer generate(String text, AnswerOptions options, Consumer<String> output) {
        int[] prompt = concat(tokens, model.tokenizer().encode(text, tokens.length == 0));
        List<Integer> ids = new ArrayList<>();
        Answer answer = answer(prompt, options, output, ids);
        tokens = concat(prompt, ids.stream().mapToInt(Integer::intValue).toArray());
        return answer;
    }

    private Answer answer(int[] prompt, AnswerOptions options, Consumer<String> output, List<Integer> ids) {
        Tokenizer tokenizer = model.tokenizer();
        Set<Integer> ends = tokenizer.special().eos();
        StringBuilder text = new StringBuilder();
        Consumer<String> emit = piece -> {
            if (!piece.isEmpty()) {
                text.append(piece);
                output.accept(piece);
            }
        };
        stopped = false;
        try (Generation generation = model.scheduler().submit(GenerationRequest.of(prompt)
                .withSampling(options.sampling(), options.seed()).withMaxTokens(options.maxTokens()).withStopIds(ends))) {
            current = Optional.of(generation);
            if (stopped) {
                generation.cancel();
            }
            AnswerReader reader = new AnswerReader(generation, tokenizer, options.stop(), ends, Set.of());
            for (Optional<AnswerReader.Piece> piece = reader.next(); piece.isPresent(); piece = reader.next()) {
                piece.get().tokens().forEach(token -> ids.add(token.id()));
                emit.accept(piece.get().text());
            }
            Finish finish = reader.finish();
            if (finish == Finish.FAILED || finish == Finish.CANCELLED && !stopped) {
                throw new IllegalStateException(finish == Finish.FAILED ? "the answer failed: "
                        + generation.failure().map(Throwable::getMessage).orElse("") : "the model is being closed",
                        generation.failure().orElse(null));
            }
            return new Answer(text.toString(), finish, reader.usage(), generation.timings());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while the model answered");
        } finally {
            current = Optional.empty();
        }
    }

    private static int[] concat(int[] first, int[] second) {
        return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }
}
