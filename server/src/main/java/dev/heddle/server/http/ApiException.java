package dev.heddle.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import java.util.Optional;
import java.util.OptionalInt;

/// A request that is refused, as clients of the OpenAI API expect to hear it.
public final class ApiException extends RuntimeException {
    private final int status;
    private final String type;
    private final Optional<String> param;
    private final Optional<String> code;
    private final OptionalInt retryAfter;

    private ApiException(int status, String type, String message, Optional<String> param, Optional<String> code, OptionalInt retryAfter) {
        super(message);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
        this.retryAfter = retryAfter;
    }

    /// 400 for a field of the request.
    public static ApiException invalid(String param, String message) {
        return new ApiException(400, "invalid_request_error", message, Optional.of(param), Optional.of("invalid_value"), OptionalInt.empty());
    }

    /// 400 for a request that is no JSON, or not the JSON expected.
    public static ApiException malformed(String message) {
        return new ApiException(400, "invalid_request_error", message, Optional.empty(), Optional.of("invalid_body"), OptionalInt.empty());
    }

    /// 400 for a prompt that does not fit.
    public static ApiException tooLong(String param, String message) {
        return new ApiException(400, "invalid_request_error", message, Optional.of(param), Optional.of("context_length_exceeded"),
                OptionalInt.empty());
    }

    public static ApiException unauthorized() {
        return new ApiException(401, "authentication_error", "this server needs an API key, sent as 'Authorization: Bearer KEY'",
                Optional.empty(), Optional.of("invalid_api_key"), OptionalInt.empty());
    }

    public static ApiException forbidden(String message) {
        return new ApiException(403, "permission_error", message, Optional.empty(), Optional.of("forbidden"), OptionalInt.empty());
    }

    public static ApiException unknownPath(String path) {
        return new ApiException(404, "invalid_request_error", "there is nothing at " + path, Optional.empty(), Optional.of("not_found"),
                OptionalInt.empty());
    }

    public static ApiException unknownModel(String name, String known) {
        return new ApiException(404, "invalid_request_error", "the model " + name + " is not served here; there is " + known,
                Optional.of("model"), Optional.of("model_not_found"), OptionalInt.empty());
    }

    /// 429 with the time after which it is worth trying again.
    public static ApiException overloaded(String message, int retryAfterSeconds) {
        return new ApiException(429, "rate_limit_error", message, Optional.empty(), Optional.of("overloaded"),
                OptionalInt.of(retryAfterSeconds));
    }

    public static ApiException unavailable(String message) {
        return new ApiException(503, "server_error", message, Optional.empty(), Optional.of("unavailable"), OptionalInt.of(5));
    }

    /// Any other status.
    public static ApiException of(int status, String message) {
        return new ApiException(status, status < 500 ? "invalid_request_error" : "server_error", message, Optional.empty(),
                Optional.empty(), OptionalInt.empty());
    }

    public int status() {
        return status;
    }

    public OptionalInt retryAfter() {
        return retryAfter;
    }

    /// `{"error": {"message", "type", "param", "code"}}`.
    public ObjectNode body() {
        ObjectNode body = Json.object();
        body.putObject("error").put("message", getMessage()).put("type", type).put("param", param.orElse(null)).put("code", code.orElse(null));
        return body;
    }
}
