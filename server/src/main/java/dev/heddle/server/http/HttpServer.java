package dev.heddle.server.http;

import io.helidon.common.socket.SocketOptions;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1Config;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Consumer;

/// An HTTP/1.1 server with this program's limits, access rules and errors around its routes.
public final class HttpServer implements AutoCloseable {
    private static final int MAX_HEADERS = 16 << 10;
    private static final int MAX_REQUEST_LINE = 4 << 10;
    private static final System.Logger LOG = System.getLogger("dev.heddle.server");

    private final Connections connections;
    private final Gate gate;
    private final RequestBody bodies;
    private final ServerOptions options;
    private WebServer server;

    public HttpServer(ServerOptions options) {
        this.options = options;
        connections = new Connections(options);
        gate = new Gate(options, connections);
        bodies = new RequestBody(options.maxBody());
    }

    public Connections connections() {
        return connections;
    }

    public Gate gate() {
        return gate;
    }

    public RequestBody bodies() {
        return bodies;
    }

    /// Begins to listen.
    ///
    /// @throws java.io.UncheckedIOException if the address cannot be listened on
    public void start(Consumer<HttpRouting.Builder> routes) {
        HttpRouting.Builder routing = HttpRouting.builder();
        routing.addFilter(gate);
        routes.accept(routing);
        routing.get("/", new StaticFiles());
        routing.get("/*", new StaticFiles());
        routing.any((request, _) -> {
            throw ApiException.unknownPath(StaticFiles.shown(request.path().path()));
        });
        routing.error(ApiException.class, (_, response, e) -> Responses.send(response, e));
        routing.error(Throwable.class, (_, response, e) -> unexpected(response, e));
        try {
            server = WebServer.builder().address(InetAddress.getByName(options.host())).port(options.port())
                    .shutdownHook(false).useNio(false)
                    .maxPayloadSize(options.maxBody()).maxTcpConnections(options.maxConnections())
                    .idleConnectionTimeout(Duration.ofMinutes(2)).idleConnectionPeriod(Duration.ofSeconds(20))
                    .connectionOptions(SocketOptions.builder().readTimeout(options.headerTimeout()).tcpNoDelay(true).build())
                    .addProtocol(Http1Config.builder().maxPrologueLength(MAX_REQUEST_LINE).maxHeadersSize(MAX_HEADERS)
                            .addReceiveListener(connections).receiveLog(false).sendLog(false).build())
                    .directHandlers(refusals()).routing(routing).build().start();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("the host " + options.host() + " is unknown", e);
        }
    }

    private static void unexpected(ServerResponse response, Throwable e) {
        LOG.log(System.Logger.Level.ERROR, "a request failed", e);
        Responses.send(response, ApiException.of(500, "this server has failed on the request; its log says why"));
    }

    /// What the HTTP library refuses before a route sees it, in the same shape.
    private DirectHandlers refusals() {
        DirectHandlers.Builder handlers = DirectHandlers.builder();
        for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
            // whatever a route throws is answered by it; what fails before is a request that is no HTTP
            boolean damaged = type == DirectHandler.EventType.INTERNAL_ERROR;
            handlers.addHandler(type, (DirectHandler) (_, _, status, headers, message) -> damaged
                    ? refusal(Status.BAD_REQUEST_400, headers, "the request is not valid HTTP") : refusal(status, headers, message));
        }
        return handlers.build();
    }

    private DirectHandler.TransportResponse refusal(Status status, ServerResponseHeaders headers, String message) {
        int code = status.code();
        gate.count(code);
        String said = code >= 500 && code != 503 ? "this server has failed on the request"
                : code == 413 ? "the body is larger than " + options.maxBody() + " bytes"
                : message == null || message.isBlank() ? status.reasonPhrase() : message;
        return DirectHandler.TransportResponse.builder().status(status).headers(headers)
                .header(HeaderNames.CONTENT_TYPE, "application/json").keepAlive(false)
                .entity(ApiException.of(code, said).body().toString().getBytes(StandardCharsets.UTF_8)).build();
    }

    /// The port it listens on.
    public int port() {
        return server.port();
    }

    /// Stops at once.
    @Override
    public void close() {
        if (server != null) {
            server.stop();
        }
        connections.close();
    }
}
