package dev.heddle.server.api;

import dev.heddle.engine.serve.AnswerReader;
import dev.heddle.server.http.ApiException;

/// Why an answer has ended, as clients of the OpenAI API expect to hear it.
final class FinishReasons {
    private FinishReasons() {
    }

    /// `stop` or `length`, once the answer has ended.
    ///
    /// @throws ApiException if it did not end well
    static String of(AnswerReader answer) throws InterruptedException {
        return switch (answer.finish()) {
            case STOP -> "stop";
            case LENGTH, CONTEXT -> "length";
            case TIMEOUT -> throw ApiException.unavailable("the answer took longer than it may");
            case CANCELLED -> throw ApiException.unavailable("the server is stopping");
            case FAILED -> throw ApiException.of(500, answer.failure().map(Throwable::getMessage).orElse("the model has failed"));
        };
    }
}
