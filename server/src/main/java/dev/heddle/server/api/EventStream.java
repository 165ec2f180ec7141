package dev.heddle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.server.http.Connections;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// Server-sent events, each a line of JSON. Safe for use by several threads.
final class EventStream {
    private final Connections.Connection connection;
    private final OutputStream out;

    EventStream(ServerResponse response, Connections.Connection connection) {
        this.connection = connection;
        response.header(HeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        response.header(HeaderNames.CACHE_CONTROL, "no-store");
        response.header(HeaderNames.create("X-Accel-Buffering"), "no");
        out = response.outputStream();
    }

    /// @throws UncheckedIOException if the client has gone
    void send(JsonNode event) {
        write("data: " + event + "\n\n");
    }

    /// The end, as the OpenAI API has it.
    void done() {
        write("data: [DONE]\n\n");
        try {
            out.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private synchronized void write(String text) {
        connection.writing(() -> {
            try {
                out.write(text.getBytes(StandardCharsets.UTF_8));
                out.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (RuntimeException e) {
                // the library has exceptions of its own for a socket that is closed
                throw new UncheckedIOException(new IOException(e));
            }
        });
    }
}
