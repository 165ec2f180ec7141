package dev.heddle.server.http;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/// Reads the JSON object that a request carries, within limits of size and nesting.
public final class RequestBody {
    private static final int MAX_DEPTH = 64;
    private static final int MAX_NUMBER = 100;

    private final int maxBytes;
    private final ObjectMapper mapper;

    RequestBody(int maxBytes) {
        this.maxBytes = maxBytes;
        mapper = new ObjectMapper(JsonFactory.builder().streamReadConstraints(StreamReadConstraints.builder()
                .maxNestingDepth(MAX_DEPTH).maxNumberLength(MAX_NUMBER).maxStringLength(maxBytes).build()).build())
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    }

    /// @throws ApiException 400, 413 or 415
    public ObjectNode read(ServerRequest request) {
        // a form of another site can be sent without asking this server first, JSON cannot
        String type = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        if (!type.split(";")[0].strip().equalsIgnoreCase("application/json")) {
            throw ApiException.of(415, "expected a body of the type application/json");
        }
        byte[] bytes;
        try (InputStream in = request.content().inputStream()) {
            bytes = in.readNBytes(maxBytes + 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (bytes.length > maxBytes) {
            throw ApiException.of(413, "the body is larger than " + maxBytes + " bytes");
        }
        return parse(bytes);
    }

    /// The object in `utf8`.
    ObjectNode parse(byte[] utf8) {
        JsonNode node;
        try {
            node = mapper.readTree(utf8);
        } catch (JacksonException e) {
            String why = e.getOriginalMessage();
            throw ApiException.malformed("the body is not valid JSON: " + why.substring(0, Math.min(200, why.length())));
        } catch (IOException e) {
            throw ApiException.malformed("the body is not valid UTF-8");
        }
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw ApiException.malformed("the body must be a JSON object");
    }
}
