package dev.heddle.server.api;

import dev.heddle.engine.serve.ContextExceeded;
import dev.heddle.engine.serve.Generation;
import dev.heddle.engine.serve.GenerationRequest;
import dev.heddle.engine.serve.Overloaded;
import dev.heddle.server.http.ApiException;
import dev.heddle.server.http.Connections;
import dev.heddle.server.model.ServedModel;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerResponse;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// Runs the generations of one request and sees to their end: when the client goes they are cancelled, and whatever
/// happens nothing of them stays.
final class Answering {
    /// Writes the answer from generations that have begun.
    interface Writer {
        void write(List<Generation> generations) throws InterruptedException;
    }

    private Answering() {
    }

    /// @param promptField what to name where the prompt is too long
    static void answer(ServedModel model, List<GenerationRequest> requests, Connections.Connection connection, ServerResponse response,
            String promptField, Writer writer) {
        List<Generation> generations = new ArrayList<>();
        AtomicBoolean gone = new AtomicBoolean();
        try {
            for (GenerationRequest request : requests) {
                generations.add(submit(model, request, promptField));
            }
            response.header(HeaderValues.CONNECTION_CLOSE);
            response.whenSent(connection::close);
            connection.whenGone(() -> {
                gone.set(true);
                generations.forEach(Generation::cancel);
            });
            connection.answering();
            writer.write(generations);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.unavailable("the server is stopping");
        } catch (UncheckedIOException | ApiException e) {
            if (e instanceof ApiException && !gone.get()) {
                throw e;
            }
            // there is nobody to tell
            connection.close();
            throw new CloseConnectionException("the client has gone", e);
        } finally {
            generations.forEach(Generation::close);
        }
    }

    private static Generation submit(ServedModel model, GenerationRequest request, String promptField) {
        try {
            return model.scheduler().submit(request);
        } catch (ContextExceeded e) {
            throw ApiException.tooLong(promptField, e.getMessage());
        } catch (Overloaded e) {
            throw ApiException.overloaded(e.getMessage(), e.retryAfterSeconds());
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid(promptField, e.getMessage());
        } catch (IllegalStateException e) {
            throw ApiException.unavailable("the server is stopping");
        }
    }
}
