package dev.heddle.checkpoint.hub;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Where the hub is and how to use it.
///
/// @param endpoint address of the hub, without a slash at the end
/// @param token access token, sent to the endpoint's own host alone
/// @param cache folder that holds `models--owner--name` folders, as the Python libraries lay it out
/// @param offline true to use what is in the cache and never the network
/// @param attempts how often a request is made while no byte arrives, at least 1
/// @param pause wait before the second attempt; it doubles with each further one
/// @param stall longest wait for an answer or for the next bytes of one
public record HubSettings(URI endpoint, Optional<String> token, Path cache, boolean offline, int attempts, Duration pause,
        Duration stall) {
    private static final String PUBLIC = "https://huggingface.co";

    public HubSettings {
        if (!Set.of("http", "https").contains(String.valueOf(endpoint.getScheme())) || endpoint.getHost() == null) {
            throw new CheckpointException("the hub's address is " + endpoint + ", expected one like " + PUBLIC);
        }
        if (attempts < 1) {
            throw new IllegalArgumentException("attempts must be at least 1, not " + attempts);
        }
        if (token.isPresent() && !token.get().chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new CheckpointException("the hub's access token holds characters that no token has");
        }
    }

    /// The settings for `endpoint` and `cache`, online and without a token.
    public static HubSettings of(URI endpoint, Path cache) {
        return new HubSettings(endpoint, Optional.empty(), cache, false, 5, Duration.ofSeconds(1), Duration.ofSeconds(60));
    }

    /// What the environment variables of the Python libraries say: `HF_ENDPOINT`, `HF_TOKEN` (else the file
    /// `HF_TOKEN_PATH` or `token` in `HF_HOME`), `HF_HUB_CACHE` (else `hub` in `HF_HOME`), `HF_HOME` (else
    /// `huggingface` in `XDG_CACHE_HOME`, else in `~/.cache`) and `HF_HUB_OFFLINE`.
    public static HubSettings fromEnvironment() {
        return fromEnvironment(System.getenv(), Path.of(System.getProperty("user.home")));
    }

    static HubSettings fromEnvironment(Map<String, String> environment, Path userHome) {
        Path caches = text(environment, "XDG_CACHE_HOME").map(Path::of).orElse(userHome.resolve(".cache"));
        Path home = text(environment, "HF_HOME").map(path -> expand(path, userHome)).orElse(caches.resolve("huggingface"));
        Path cache = text(environment, "HF_HUB_CACHE").or(() -> text(environment, "HUGGINGFACE_HUB_CACHE"))
                .map(path -> expand(path, userHome)).orElse(home.resolve("hub"));
        Path tokenFile = text(environment, "HF_TOKEN_PATH").map(path -> expand(path, userHome)).orElse(home.resolve("token"));
        Optional<String> token = text(environment, "HF_TOKEN").or(() -> text(environment, "HUGGING_FACE_HUB_TOKEN"))
                .or(() -> readToken(tokenFile));
        boolean offline = text(environment, "HF_HUB_OFFLINE").or(() -> text(environment, "TRANSFORMERS_OFFLINE"))
                .map(value -> Set.of("1", "on", "yes", "true").contains(value.toLowerCase(Locale.ROOT))).orElse(false);
        String address = text(environment, "HF_ENDPOINT").orElse(PUBLIC).replaceAll("/+$", "");
        URI endpoint;
        try {
            endpoint = URI.create(address);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("HF_ENDPOINT is " + address + ", expected an address like " + PUBLIC, e);
        }
        HubSettings basis = of(endpoint, cache);
        return new HubSettings(endpoint, token, cache, offline, basis.attempts, basis.pause, basis.stall);
    }

    public HubSettings withToken(String newToken) {
        return new HubSettings(endpoint, Optional.of(newToken), cache, offline, attempts, pause, stall);
    }

    public HubSettings withOffline(boolean newOffline) {
        return new HubSettings(endpoint, token, cache, newOffline, attempts, pause, stall);
    }

    public HubSettings withCache(Path newCache) {
        return new HubSettings(endpoint, token, newCache, offline, attempts, pause, stall);
    }

    /// Leaves the token out.
    @Override
    public String toString() {
        return endpoint + ", cache " + cache + (token.isPresent() ? ", with a token" : "") + (offline ? ", offline" : "");
    }

    private static Optional<String> text(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).map(String::strip).filter(value -> !value.isEmpty());
    }

    private static Path expand(String path, Path userHome) {
        return path.startsWith("~/") ? userHome.resolve(path.substring(2)) : Path.of(path);
    }

    private static Optional<String> readToken(Path file) {
        try {
            return Files.isRegularFile(file) ? Optional.of(Files.readString(file).strip()).filter(token -> !token.isEmpty())
                    : Optional.empty();
        } catch (IOException e) {
            throw new CheckpointException(file + ": the hub's access token cannot be read (" + e + ")", e);
        }
    }
}
