package dev.heddle.cli;

import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.GenerationOptions;
import dev.heddle.engine.Generator;
import dev.heddle.engine.LanguageModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// A dialogue that ends with the program. With a chat template the whole conversation is the context, and only what is
/// new is fed to the model; without one every input is a prompt of its own, and [#more] goes on.
final class LiveDialogue implements Dialogue {
    private final LanguageModel language;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final Optional<String> system;
    private final GenerationOptions options;
    private final List<Message> messages = new ArrayList<>();
    private final AtomicBoolean cancelled = new AtomicBoolean();
    private final SequenceState sequence;
    private int[] fed = new int[0];
    private int[] pending = new int[0];
    private Optional<Generator.Result> last = Optional.empty();
    private int turn;

    LiveDialogue(LanguageModel language, Tokenizer tokenizer, Optional<ChatTemplate> template, Optional<String> system,
            GenerationOptions options) {
        this.language = language;
        this.tokenizer = tokenizer;
        this.template = template;
        this.system = system;
        this.options = options;
        sequence = language.open();
    }

    @Override
    public String greeting() {
        return language.spec().name() + (template.isPresent() ? "" : ", without a chat template: each input is a prompt");
    }

    @Override
    public String answer(String text, Consumer<String> output) {
        if (template.isEmpty()) {
            sequence.reset();
            fed = new int[0];
            return generate(tokenizer.encode(text, true), output);
        }
        if (messages.isEmpty()) {
            system.ifPresent(content -> messages.add(Message.of("system", content)));
        }
        messages.add(Message.of("user", text));
        int[] ids = tokenizer.encode(template.get().render(messages, List.of(), true, Map.of()), false);
        int known = fed.length;
        if (known >= ids.length || Arrays.mismatch(fed, ids) != known) {
            // the template has rewritten earlier turns (dropped reasoning, say)
            sequence.reset();
            fed = new int[0];
            known = 0;
        }
        StringBuilder said = new StringBuilder();
        String end = generate(Arrays.copyOfRange(ids, known, ids.length), piece -> {
            said.append(piece);
            output.accept(piece);
        });
        messages.add(Message.of("assistant", said.toString()));
        return end;
    }

    @Override
    public String more(Consumer<String> output) {
        if (pending.length == 0) {
            throw new IllegalArgumentException("there is nothing to go on from");
        }
        return generate(pending, output);
    }

    private String generate(int[] prompt, Consumer<String> output) {
        cancelled.set(false);
        GenerationOptions turnOptions = options.withSeed(options.seed() + turn++);
        Generator.Result result = new Generator(language, tokenizer).generate(sequence, prompt, turnOptions, output, cancelled::get);
        int[] all = Arrays.copyOf(fed, fed.length + prompt.length + result.ids().length);
        System.arraycopy(prompt, 0, all, fed.length, prompt.length);
        System.arraycopy(result.ids(), 0, all, fed.length + prompt.length, result.ids().length);
        fed = Arrays.copyOf(all, (int) sequence.position());
        pending = Arrays.copyOfRange(all, fed.length, all.length);
        last = Optional.of(result);
        return switch (result.end()) {
            case CANCELLED -> " (stopped)";
            case CONTEXT_FULL -> " (the context of " + options.context() + " tokens is full; /reset begins anew)";
            case LENGTH -> " (" + result.ids().length + " tokens; /more goes on)";
            case END_OF_SEQUENCE, STOP_TEXT -> "";
        };
    }

    @Override
    public void stop() {
        cancelled.set(true);
    }

    @Override
    public void reset() {
        sequence.reset();
        fed = new int[0];
        pending = new int[0];
        messages.clear();
    }

    @Override
    public String statistics() {
        return last.map(result -> Statistics.of(language, sequence, result)).orElse("nothing has been generated yet");
    }

    @Override
    public void close() {
        sequence.close();
    }
}
