package dev.heddle.checkpoint.hub;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.heddle.checkpoint.json.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// A hub on this machine: the listing, files with the hub's headers, and redirects of large files to a storage
/// host (another port, so another origin). It can be made to misbehave.
final class FakeHub implements AutoCloseable {
    static final String ID = "owner/name";
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    final Map<String, byte[]> files = new LinkedHashMap<>();
    /// Every request: method, path, range and token, the latter two `-` if there is none.
    final List<String> requests = new CopyOnWriteArrayList<>();
    /// Breaks off the next bodies of large files after this many bytes.
    final AtomicInteger breaks = new AtomicInteger();
    int breakAfter = 1000;
    /// Answers the next requests with 503.
    final AtomicInteger unavailable = new AtomicInteger();
    /// Holds back the rest of the next bodies of large files.
    final AtomicInteger stalls = new AtomicInteger();
    boolean ignoresRanges;
    boolean listsFacts = true;
    String listedSha = "";
    String requiredToken = "";
    int status = 200;
    String errorCode = "";
    String commit = COMMIT;
    String rawListing = "";

    private final HttpServer hub = server();
    private final HttpServer storage = server();

    FakeHub() {
        hub.createContext("/", exchange -> handle(exchange, this::answerHub));
        storage.createContext("/", exchange -> handle(exchange, this::answerStorage));
        hub.start();
        storage.start();
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
    }

    long count(String part) {
        return requests.stream().filter(request -> request.contains(part)).count();
    }

    static boolean isLarge(String path) {
        return path.endsWith(".safetensors") || path.endsWith(".bin") || path.endsWith(".pth") || path.endsWith(".gguf");
    }

    static String tag(String path, byte[] content) {
        try {
            if (isLarge(path)) {
                return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
            }
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            sha1.update(("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(sha1.digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static HttpServer server() {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            return server;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Answer {
        void to(HttpExchange exchange, String path) throws IOException;
    }

    private void handle(HttpExchange exchange, Answer answer) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        requests.add(exchange.getRequestMethod() + " " + path + " " + header(exchange, "Range") + " " + header(exchange, "Authorization"));
        try (exchange) {
            answer.to(exchange, path);
        }
    }

    private static String header(HttpExchange exchange, String name) {
        String value = exchange.getRequestHeaders().getFirst(name);
        return value == null ? "-" : value;
    }

    private void answerHub(HttpExchange exchange, String path) throws IOException {
        if (unavailable.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
            exchange.sendResponseHeaders(503, -1);
            return;
        }
        if (!requiredToken.isEmpty() && !header(exchange, "Authorization").equals("Bearer " + requiredToken)) {
            exchange.getResponseHeaders().add("X-Error-Code", errorCode);
            exchange.sendResponseHeaders(401, -1);
            return;
        }
        if (status != 200) {
            exchange.getResponseHeaders().add("X-Error-Code", errorCode);
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        String resolve = "/" + ID + "/resolve/" + commit + "/";
        if (path.equals("/api/models/old/name/revision/main")) {
            exchange.getResponseHeaders().add("Location", "/api/models/" + ID + "/revision/main");
            exchange.sendResponseHeaders(307, -1);
        } else if (path.startsWith("/api/models/" + ID + "/revision/")) {
            byte[] listing = (rawListing.isEmpty() ? listing().toString() : rawListing).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, listing.length);
            exchange.getResponseBody().write(listing);
        } else if (path.startsWith(resolve)) {
            file(exchange, URLDecoder.decode(path.substring(resolve.length()), StandardCharsets.UTF_8));
        } else {
            exchange.getResponseHeaders().add("X-Error-Code", "RepoNotFound");
            exchange.sendResponseHeaders(404, -1);
        }
    }

    private ObjectNode listing() {
        ObjectNode listing = Json.object().put("id", ID).put("sha", commit);
        files.forEach((path, content) -> {
            ObjectNode sibling = listing.withArray("siblings").addObject().put("rfilename", path);
            if (listsFacts) {
                sibling.put("size", content.length).put("blobId", isLarge(path) ? "0".repeat(40) : tag(path, content));
                if (isLarge(path)) {
                    sibling.putObject("lfs").put("sha256", listedSha.isEmpty() ? tag(path, content) : listedSha)
                            .put("size", content.length).put("pointerSize", 130);
                }
            }
        });
        return listing;
    }

    private void file(HttpExchange exchange, String path) throws IOException {
        byte[] content = files.get(path);
        if (content == null) {
            exchange.getResponseHeaders().add("X-Error-Code", "EntryNotFound");
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        exchange.getResponseHeaders().add("X-Repo-Commit", commit);
        if (isLarge(path)) {
            exchange.getResponseHeaders().add("X-Linked-Size", String.valueOf(content.length));
            exchange.getResponseHeaders().add("X-Linked-Etag", "\"" + tag(path, content) + "\"");
            exchange.getResponseHeaders().add("Location", "http://127.0.0.1:" + storage.getAddress().getPort() + "/cdn/" + path + "?signature=x");
            exchange.sendResponseHeaders(302, -1);
            return;
        }
        exchange.getResponseHeaders().add("ETag", "W/\"" + tag(path, content) + "\"");
        send(exchange, content, false);
    }

    private void answerStorage(HttpExchange exchange, String path) throws IOException {
        send(exchange, files.get(path.substring("/cdn/".length())), true);
    }

    private void send(HttpExchange exchange, byte[] content, boolean large) throws IOException {
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().add("Content-Length", String.valueOf(content.length));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        int from = 0;
        String range = header(exchange, "Range");
        if (!range.equals("-") && !ignoresRanges) {
            from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
            exchange.getResponseHeaders().add("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length == 0 ? -1 : content.length - from);
        int until = content.length;
        if (large && breaks.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
            until = Math.min(until, from + breakAfter);
        }
        OutputStream out = exchange.getResponseBody();
        if (large && stalls.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
            out.write(content, from, 10);
            out.flush();
            try {
                Thread.sleep(20_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return;
        }
        out.write(content, from, until - from);
        out.flush();
    }

    @Override
    public void close() {
        hub.stop(0);
        storage.stop(0);
    }
}
