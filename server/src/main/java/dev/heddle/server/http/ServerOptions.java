package dev.heddle.server.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Where the server listens and what it lets in. Start from [#DEFAULT] and change what matters.
///
/// @param host           address to listen on; anything but loopback needs a key
/// @param port           0 for any free one
/// @param apiKey         what clients must send as `Authorization: Bearer KEY`
/// @param origins        web origins that may use the API from a browser; `*` for all
/// @param maxBody        bytes of a request's body
/// @param maxConnections connections at a time; more wait to be accepted
/// @param headerTimeout  how long a request's headers may take to arrive
/// @param bodyTimeout    how long its body may take, and any write to a client that does not read
/// @param drainTimeout   how long running answers may take to finish when the server stops
public record ServerOptions(String host, int port, Optional<String> apiKey, List<String> origins, int maxBody, int maxConnections,
        Duration headerTimeout, Duration bodyTimeout, Duration drainTimeout) {
    /// 127.0.0.1:8080 without a key, bodies of 8 MiB, 256 connections.
    public static final ServerOptions DEFAULT = new ServerOptions("127.0.0.1", 8080, Optional.empty(), List.of(), 8 << 20, 256,
            Duration.ofSeconds(15), Duration.ofSeconds(60), Duration.ofSeconds(30));

    public ServerOptions {
        origins = List.copyOf(origins);
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("the port must be 0 to 65535, not " + port);
        }
        if (maxBody < 1 || maxConnections < 1) {
            throw new IllegalArgumentException("a server needs room for a body and a connection");
        }
        if (apiKey.isPresent() && apiKey.get().isBlank()) {
            throw new IllegalArgumentException("the API key must not be empty");
        }
        for (String origin : origins) {
            if (!origin.matches("\\*|https?://[A-Za-z0-9.\\-\\[\\]:]+")) {
                throw new IllegalArgumentException("a web origin is written http://host:port, or * for all, not " + origin);
            }
        }
        if (apiKey.isEmpty() && !isLoopback(host)) {
            throw new IllegalArgumentException("listening on " + host + " opens the server to other machines and needs an API key");
        }
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("the host " + host + " is unknown", e);
        }
    }

    public ServerOptions withAddress(String otherHost, int otherPort, Optional<String> key) {
        return new ServerOptions(otherHost, otherPort, key, origins, maxBody, maxConnections, headerTimeout, bodyTimeout, drainTimeout);
    }

    public ServerOptions withOrigins(List<String> allowed) {
        return new ServerOptions(host, port, apiKey, allowed, maxBody, maxConnections, headerTimeout, bodyTimeout, drainTimeout);
    }

    public ServerOptions withLimits(int body, int connections) {
        return new ServerOptions(host, port, apiKey, origins, body, connections, headerTimeout, bodyTimeout, drainTimeout);
    }

    public ServerOptions withTimeouts(Duration headers, Duration body, Duration drain) {
        return new ServerOptions(host, port, apiKey, origins, maxBody, maxConnections, headers, body, drain);
    }

    /// The key is a secret: it does not appear.
    @Override
    public String toString() {
        return "http://" + host + ":" + port + (apiKey.isPresent() ? ", with a key" : "");
    }
}
