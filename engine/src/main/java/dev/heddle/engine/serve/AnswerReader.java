package dev.heddle.engine.serve;

import dev.heddle.checkpoint.tokenizer.TokenStream;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.engine.StopText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// An answer as text: decodes tokens as they come and watches for the texts that end it.
public final class AnswerReader {
    /// A piece of an answer.
    ///
    /// @param tokens those decoded since the last piece; text they wrote may come with a later one
    public record Piece(String text, List<GeneratedToken> tokens) {
    }

    private final Generation generation;
    private final Tokenizer tokenizer;
    private final TokenStream stream;
    private final StopText stop;
    private final Set<Integer> ends;
    private final Set<Integer> shown;
    private boolean finished;
    private int read;

    /// @param ends  tokens that end the answer and are not part of its text
    /// @param shown special tokens whose names are part of the text
    public AnswerReader(Generation generation, Tokenizer tokenizer, List<String> stop, Set<Integer> ends, Set<Integer> shown) {
        this.generation = generation;
        this.tokenizer = tokenizer;
        this.ends = ends;
        this.shown = shown;
        stream = tokenizer.stream(generation.request().prompt(), true);
        this.stop = new StopText(stop);
    }

    /// The next piece, which may have no text yet; empty at the end.
    public Optional<Piece> next() throws InterruptedException {
        if (finished) {
            return Optional.empty();
        }
        Optional<GeneratedToken> token = generation.next();
        if (token.isEmpty()) {
            finished = true;
            String rest = stop.feed(stream.finish());
            return Optional.of(new Piece(stop.found() ? rest : rest + stop.finish(), List.of()));
        }
        read++;
        int id = token.get().id();
        String written = shown.contains(id) ? stream.finish() + tokenizer.piece(id) : ends.contains(id) ? "" : stream.feed(id);
        String text = stop.feed(written);
        if (stop.found()) {
            finished = true;
            generation.cancel();
        }
        return Optional.of(new Piece(text, ends.contains(id) ? List.of() : List.of(token.get())));
    }

    /// The whole answer.
    public Piece rest() throws InterruptedException {
        StringBuilder text = new StringBuilder();
        List<GeneratedToken> tokens = new ArrayList<>();
        for (Optional<Piece> piece = next(); piece.isPresent(); piece = next()) {
            text.append(piece.get().text());
            tokens.addAll(piece.get().tokens());
        }
        return new Piece(text.toString(), tokens);
    }

    /// Why the answer has ended; a stop text counts as [Finish#STOP]. Waits for the end.
    public Finish finish() throws InterruptedException {
        return stop.found() ? Finish.STOP : generation.await();
    }

    /// What went wrong, with [Finish#FAILED].
    public Optional<Throwable> failure() {
        return generation.failure();
    }

    /// What the answer cost so far. Counts the tokens that were read, so an answer that a stop text ends costs the same
    /// however many tokens more were chosen before that became known.
    public Usage usage() {
        Usage usage = generation.usage();
        return new Usage(usage.prompt(), usage.cached(), read);
    }
}
