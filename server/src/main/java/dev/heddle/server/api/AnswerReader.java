package dev.heddle.server.api;

import dev.heddle.checkpoint.tokenizer.TokenStream;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.engine.StopText;
import dev.heddle.engine.serve.GeneratedToken;
import dev.heddle.engine.serve.Generation;
import dev.heddle.engine.serve.Usage;
import dev.heddle.server.http.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// An answer as text: decodes tokens as they come and watches for the texts that end it.
final class AnswerReader {
    /// A piece of an answer.
    ///
    /// @param tokens those decoded since the last piece; text they wrote may come with a later one
    record Piece(String text, List<GeneratedToken> tokens) {
    }

    private final Generation generation;
    private final Tokenizer tokenizer;
    private final TokenStream stream;
    private final StopText stop;
    private final Set<Integer> ends;
    private final Set<Integer> shown;
    private boolean finished;

    /// @param ends  tokens that end the answer and are not part of its text
    /// @param shown special tokens whose names are part of the text
    AnswerReader(Generation generation, Tokenizer tokenizer, List<String> stop, Set<Integer> ends, Set<Integer> shown) {
        this.generation = generation;
        this.tokenizer = tokenizer;
        this.ends = ends;
        this.shown = shown;
        stream = tokenizer.stream(generation.request().prompt(), true);
        this.stop = new StopText(stop);
    }

    /// The next piece, which may have no text yet; empty at the end.
    Optional<Piece> next() throws InterruptedException {
        if (finished) {
            return Optional.empty();
        }
        Optional<GeneratedToken> token = generation.next();
        if (token.isEmpty()) {
            finished = true;
            String rest = stop.feed(stream.finish());
            return Optional.of(new Piece(stop.found() ? rest : rest + stop.finish(), List.of()));
        }
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
    Piece rest() throws InterruptedException {
        StringBuilder text = new StringBuilder();
        List<GeneratedToken> tokens = new ArrayList<>();
        for (Optional<Piece> piece = next(); piece.isPresent(); piece = next()) {
            text.append(piece.get().text());
            tokens.addAll(piece.get().tokens());
        }
        return new Piece(text.toString(), tokens);
    }

    /// `stop` or `length`, once the answer has ended.
    ///
    /// @throws ApiException if it did not end well
    String finishReason() throws InterruptedException {
        if (stop.found()) {
            return "stop";
        }
        return switch (generation.await()) {
            case STOP -> "stop";
            case LENGTH, CONTEXT -> "length";
            case TIMEOUT -> throw ApiException.unavailable("the answer took longer than it may");
            case CANCELLED -> throw ApiException.unavailable("the server is stopping");
            case FAILED -> throw ApiException.of(500, generation.failure().map(Throwable::getMessage).orElse("the model has failed"));
        };
    }

    Usage usage() {
        return generation.usage();
    }
}
