package dev.heddle.checkpoint.hub;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

/// Requests to the hub: the token, redirects, and what an answer's status means.
///
/// The token goes to the endpoint's own scheme, host and port and nowhere else: the hub redirects downloads to
/// storage hosts with signed addresses. An `IOException` means that trying again may help; anything that will
/// not get better is a [CheckpointException].
final class HubConnection implements AutoCloseable {
    private static final int MAX_REDIRECTS = 10;
    private static final int MAX_ANSWER = 64 << 20;
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

    private final HubSettings settings;
    private final HttpClient client;

    HubConnection(HubSettings settings) {
        this.settings = settings;
        // HTTP/2 gains nothing for one large body, and its flow control slows the JDK's client down
        this.client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.stall()).build();
    }

    /// The hub asks for patience, or has trouble of its own.
    private static final class Busy extends IOException {
        private static final long serialVersionUID = 1;
        private final transient Optional<Duration> wait;

        Busy(String message, Optional<Duration> wait) {
            super(message);
            this.wait = wait;
        }
    }

    /// Something that may fail for a while.
    interface Attempt<T> {
        T run() throws IOException;
    }

    /// What the hub says about a file.
    record Described(OptionalLong size, Optional<String> tag) {
    }

    /// Lists a repository.
    Repository list(String id, String revision) {
        URI uri = uri("/api/models/" + id + "/revision/" + encode(revision) + "?blobs=true");
        return retrying(id, () -> {
            try (InputStream body = open("GET", uri, 0, id, revision, "").body()) {
                byte[] answer = body.readNBytes(MAX_ANSWER + 1);
                if (answer.length > MAX_ANSWER) {
                    throw new CheckpointException(id + ": the hub's answer is longer than " + MAX_ANSWER + " bytes");
                }
                return Repository.parse(id, answer);
            }
        });
    }

    /// Asks for the size and checksum of a file that the listing did not give.
    Described describe(String id, String commit, String path) {
        return retrying(id, () -> {
            HttpResponse<InputStream> answer = open("HEAD", fileUri(id, commit, path), 0, id, commit, path);
            answer.body().close();
            HttpHeaders headers = answer.headers();
            OptionalLong size = headers.firstValueAsLong("X-Linked-Size");
            return new Described(size.isPresent() || isRedirect(answer.statusCode()) ? size : headers.firstValueAsLong("Content-Length"),
                    headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag")).map(HubConnection::plainTag));
        });
    }

    /// Opens a file from byte `from` on; the caller checks whether the answer is all of it (200) or the rest (206).
    HttpResponse<InputStream> download(String id, String commit, String path, long from) throws IOException {
        return open("GET", fileUri(id, commit, path), from, id, commit, path);
    }

    /// Runs `attempt` until it succeeds, waiting longer each time.
    <T> T retrying(String what, Attempt<T> attempt) {
        for (int failures = 1;; failures++) {
            try {
                return attempt.run();
            } catch (IOException e) {
                pause(what, failures, e);
            }
        }
    }

    /// Waits before attempt `failures` + 1, or gives up.
    void pause(String what, int failures, IOException failure) {
        if (failures >= settings.attempts()) {
            throw new CheckpointException(what + ": " + describe(failure) + " (" + failures + " attempts)", failure);
        }
        Duration wait = settings.pause().multipliedBy(1L << Math.min(failures - 1, 10));
        if (failure instanceof Busy busy && busy.wait.isPresent()) {
            wait = busy.wait.get();
        }
        wait = wait.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : wait;
        try {
            // up to a quarter more, so that clients that failed together do not return together
            Thread.sleep(wait.toMillis() + ThreadLocalRandom.current().nextLong(wait.toMillis() / 4 + 1));
        } catch (InterruptedException e) {
            throw interrupted(what, e);
        }
    }

    private String describe(IOException failure) {
        if (failure instanceof ConnectException || failure.getCause() instanceof UnresolvedAddressException) {
            return "cannot reach " + settings.endpoint() + " (" + cause(failure) + "); check the network, or set "
                    + "HF_HUB_OFFLINE=1 to use only what is in the cache";
        }
        return "the download failed: " + cause(failure) + "; run it again to go on where it stopped";
    }

    private static String cause(Throwable failure) {
        return failure.getMessage() != null ? failure.getMessage()
                : failure.getCause() != null ? cause(failure.getCause()) : failure.getClass().getSimpleName();
    }

    /// Sends a request and follows redirects. A HEAD request follows them only within the hub, which answers with
    /// the facts about a file when it redirects to the storage host.
    private HttpResponse<InputStream> open(String method, URI first, long from, String id, String revision, String path)
            throws IOException {
        URI uri = first;
        for (int i = 0; i <= MAX_REDIRECTS; i++) {
            HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(settings.stall())
                    .header("User-Agent", "heddle").header("Accept-Encoding", "identity")
                    .method(method, HttpRequest.BodyPublishers.noBody());
            if (from > 0) {
                request.header("Range", "bytes=" + from + "-");
            }
            if (isHub(uri)) {
                settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
            }
            HttpResponse<InputStream> answer = send(request.build(), id);
            int status = answer.statusCode();
            if (isRedirect(status)) {
                URI next = location(uri, answer, id);
                if (method.equals("HEAD") && !isHub(next)) {
                    return answer;
                }
                answer.body().close();
                uri = next;
                continue;
            }
            if (status == 200 || status == 206 || status == 416) {
                return answer;
            }
            answer.body().close();
            throw failure(status, answer.headers(), isHub(uri), id, revision, path);
        }
        throw new CheckpointException(id + ": more than " + MAX_REDIRECTS + " redirects from " + first);
    }

    private HttpResponse<InputStream> send(HttpRequest request, String id) throws IOException {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            throw interrupted(id, e);
        }
    }

    private IOException failure(int status, HttpHeaders headers, boolean fromHub, String id, String revision, String path) {
        String code = headers.firstValue("X-Error-Code").orElse("");
        String page = settings.endpoint() + "/" + id;
        boolean token = settings.token().isPresent();
        if (status == 429 || status == 408 || status >= 500) {
            return new Busy("the server answered " + status, headers.firstValue("Retry-After").filter(s -> s.matches("\\d{1,6}"))
                    .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds))));
        }
        if (!fromHub) {
            // signed addresses expire; the next attempt gets a new one
            return new IOException("the storage server answered " + status + " for " + path);
        }
        String message = switch (status) {
            case 401, 403 -> code.equals("GatedRepo") || status == 403
                    ? id + " is gated (status " + status + "): accept its terms on " + page + ", then set HF_TOKEN to a token of that account"
                            + (token ? "; the account of the token in use has no access" : "")
                    : code.equals("RepoNotFound") || !token
                            ? "no repository " + id + " that may be read " + (token ? "with this token" : "without a token")
                                    + " (status 401): check the name on " + page + "; if it is private or gated, set HF_TOKEN"
                            : "the hub refused the access token (status 401): renew HF_TOKEN, or remove it for public repositories";
            case 404 -> switch (code) {
                case "RevisionNotFound" -> id + " has no revision " + revision + " (status 404): see the branches on " + page + "/tree/main";
                case "EntryNotFound" -> id + " has no file " + path + " at revision " + revision + " (status 404)";
                default -> path.isEmpty() ? "no repository " + id + ", or no revision " + revision + " of it, on " + settings.endpoint()
                        + " (status 404): check the name" : id + " has no file " + path + " at revision " + revision + " (status 404)";
            };
            default -> id + ": the hub answered " + status + headers.firstValue("X-Error-Message").map(text -> " (" + text + ")").orElse("");
        };
        throw new CheckpointException(message);
    }

    private URI location(URI from, HttpResponse<?> answer, String id) {
        String location = answer.headers().firstValue("Location")
                .orElseThrow(() -> new CheckpointException(id + ": a redirect without an address from " + from.getHost()));
        URI next;
        try {
            next = from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(id + ": a redirect from " + from.getHost() + " to no valid address", e);
        }
        boolean secure = "https".equals(next.getScheme());
        if (next.getHost() == null || !secure && (!"http".equals(next.getScheme()) || "https".equals(from.getScheme()))) {
            throw new CheckpointException(id + ": a redirect from " + from.getHost() + " to an unsafe address (scheme "
                    + next.getScheme() + ")");
        }
        return next;
    }

    private boolean isHub(URI uri) {
        URI hub = settings.endpoint();
        return hub.getScheme().equalsIgnoreCase(uri.getScheme()) && hub.getHost().equalsIgnoreCase(uri.getHost())
                && port(hub) == port(uri);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
    }

    private static boolean isRedirect(int status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    private URI fileUri(String id, String commit, String path) {
        return uri("/" + id + "/resolve/" + encode(commit) + "/"
                + Arrays.stream(path.split("/")).map(HubConnection::encode).collect(Collectors.joining("/")));
    }

    private URI uri(String path) {
        return URI.create(settings.endpoint() + path);
    }

    private static String encode(String segment) {
        return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String plainTag(String etag) {
        String strong = etag.startsWith("W/") ? etag.substring(2) : etag;
        return RepositoryFile.checkTag(strong.replaceAll("^\"|\"$", ""));
    }

    static CheckpointException interrupted(String what, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new CheckpointException(what + ": interrupted; run it again to go on where it stopped", e);
    }

    @Override
    public void close() {
        client.shutdownNow();
        client.close();
    }
}
