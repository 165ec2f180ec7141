package dev.heddle.server.http;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;

/// What every request passes: the host it was sent to, the key, the web origin, and headers that keep a browser safe.
/// Counts requests by status.
public final class Gate implements Filter {
    private static final Set<String> LOCAL_HOSTS = Set.of("localhost", "127.0.0.1", "[::1]");
    /// Reached without a key: health for whoever watches the process, and the page, which asks for the key itself.
    private static final List<String> GUARDED = List.of("/v1/", "/tokenize", "/detokenize", "/metrics", "/heddle/");
    private static final HeaderName ORIGIN = HeaderNames.create("Origin");
    private static final HeaderName ALLOW_ORIGIN = HeaderNames.create("Access-Control-Allow-Origin");
    private static final HeaderName REQUESTED_METHOD = HeaderNames.create("Access-Control-Request-Method");

    private final ServerOptions options;
    private final Connections connections;
    private final Optional<byte[]> keyDigest;
    private final AtomicInteger active = new AtomicInteger();
    private final ConcurrentSkipListMap<Integer, LongAdder> answered = new ConcurrentSkipListMap<>();

    Gate(ServerOptions options, Connections connections) {
        this.options = options;
        this.connections = connections;
        keyDigest = options.apiKey().map(Gate::digest);
    }

    /// Requests being answered.
    public int active() {
        return active.get();
    }

    /// How many answers there were, by HTTP status.
    public void eachStatus(BiConsumer<Integer, Long> visitor) {
        answered.forEach((status, count) -> visitor.accept(status, count.sum()));
    }

    void count(int status) {
        answered.computeIfAbsent(status, _ -> new LongAdder()).increment();
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        active.incrementAndGet();
        Connections.Connection connection = connections.current();
        response.whenSent(() -> {
            count(response.status().code());
            // the library announces the end of a connection and leaves the closing to the client
            if (request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
                connection.close();
            }
        });
        try {
            response.header(HeaderNames.create("X-Content-Type-Options"), "nosniff");
            response.header(HeaderNames.create("Referrer-Policy"), "no-referrer");
            String path = request.path().path();
            if (!options.origins().isEmpty()) {
                allowOrigin(request, response);
                boolean preflight = request.prologue().method().text().equals("OPTIONS") && request.headers().contains(REQUESTED_METHOD);
                if (preflight && response.headers().contains(ALLOW_ORIGIN)) {
                    response.header(HeaderNames.create("Access-Control-Allow-Methods"), "GET, POST");
                    response.header(HeaderNames.create("Access-Control-Allow-Headers"), "authorization, content-type");
                    response.header(HeaderNames.create("Access-Control-Max-Age"), "600");
                    response.status(204).send();
                    return;
                }
            }
            checkHost(request);
            if (GUARDED.stream().anyMatch(path::startsWith)) {
                checkKey(request);
            }
            chain.proceed();
        } catch (ApiException e) {
            Responses.send(response, e);
        } finally {
            connections.done();
            active.decrementAndGet();
        }
    }

    /// A page of another site may have the name of its own host point here (DNS rebinding); it cannot choose the Host header.
    private void checkHost(RoutingRequest request) {
        if (options.apiKey().isPresent()) {
            return;
        }
        String host = request.headers().first(HeaderNames.HOST).orElse("");
        String name = host.replaceFirst(":\\d*$", "").toLowerCase(Locale.ROOT);
        if (!LOCAL_HOSTS.contains(name) && !name.equals(options.host())) {
            throw ApiException.forbidden("without an API key this server answers to localhost alone, not to the host name it was asked by");
        }
    }

    private void checkKey(RoutingRequest request) {
        if (keyDigest.isEmpty()) {
            return;
        }
        String header = request.headers().first(HeaderNames.AUTHORIZATION).orElse("");
        String given = header.regionMatches(true, 0, "Bearer ", 0, 7) ? header.substring(7).strip() : "";
        // digests have one length, so that the comparison takes the same time whatever was sent
        if (!MessageDigest.isEqual(digest(given), keyDigest.get())) {
            throw ApiException.unauthorized();
        }
    }

    private static byte[] digest(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private void allowOrigin(RoutingRequest request, RoutingResponse response) {
        String origin = request.headers().first(ORIGIN).orElse("");
        response.header(HeaderNames.VARY, "Origin");
        if (options.origins().contains("*")) {
            response.header(ALLOW_ORIGIN, "*");
        } else if (options.origins().contains(origin)) {
            response.header(ALLOW_ORIGIN, origin);
        }
    }
}
