package dev.heddle.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;

/// Answers that are written at once.
public final class Responses {
    private static final String JSON = "application/json";

    private Responses() {
    }

    public static void send(ServerResponse response, JsonNode body) {
        response.header(HeaderNames.CONTENT_TYPE, JSON);
        response.header(HeaderNames.CACHE_CONTROL, "no-store");
        response.send(body.toString().getBytes(StandardCharsets.UTF_8));
    }

    /// An error in OpenAI's shape. Once an answer has begun nothing more can be said.
    public static void send(ServerResponse response, ApiException e) {
        if (response.isSent()) {
            return;
        }
        response.status(e.status());
        e.retryAfter().ifPresent(seconds -> response.header(HeaderNames.RETRY_AFTER, Integer.toString(seconds)));
        if (e.status() == 401) {
            response.header(HeaderNames.WWW_AUTHENTICATE, "Bearer");
        }
        send(response, e.body());
    }
}
