package dev.heddle.checkpoint.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.checkpoint.weights.Weights;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HubTest {
    @TempDir
    Path cache;

    private final FakeHub server = new FakeHub();

    @BeforeEach
    void fill() throws IOException {
        server.files.put(".gitattributes", text("x"));
        server.files.put("README.md", text("# A model"));
        server.files.put("config.json", text("{\"model_type\": \"rwkv\"}"));
        server.files.put("tokenizer.json", text("{}"));
        server.files.put("tokenizer.model.v1", text("words"));
        server.files.put("chat_template.jinja", text("{{ x }}"));
        server.files.put("additional_chat_templates/tool use.jinja", text("{{ tools }}"));
        server.files.put("empty.txt", new byte[0]);
        server.files.put("modeling.py", text("print()"));
        server.files.put("flax_model.msgpack", text("flax"));
        server.files.put("tf_model.h5", text("tf"));
        server.files.put("onnx/config.json", text("{}"));
        server.files.put("pytorch_model.bin", text("pickle"));
        server.files.put("training_args.bin", text("pickle"));
        server.files.put("model.q4_0.gguf", text("gguf"));
        server.files.put("model.safetensors", Files.readAllBytes(Repository.path("testdata/fixtures/rwkv4/model.safetensors")));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void oneOfSeveralGgufFiles() {
        for (String name : List.of("Model-Q8_0.gguf", "Model-Q4_K_M-00001-of-00002.gguf", "Model-Q4_K_M-00002-of-00002.gguf",
                "Model.IQ4_XS.gguf")) {
            server.files.put(name, text(name));
        }
        List.of("config.json", "tokenizer.json").forEach(server.files::remove);
        server.files.keySet().removeIf(name -> name.endsWith(".safetensors") || name.endsWith(".bin"));
        try (Hub hub = new Hub(settings())) {
            Path file = hub.resolveGguf(FakeHub.ID, "main", "q4_k_m", _ -> { });
            assertEquals("Model-Q4_K_M-00001-of-00002.gguf", file.getFileName().toString());
            assertTrue(Files.isRegularFile(file.resolveSibling("Model-Q4_K_M-00002-of-00002.gguf")));
            assertFalse(Files.exists(file.resolveSibling("Model-Q8_0.gguf")));
            assertEquals(file, hub.resolveGguf(FakeHub.ID, "main", "Q4_K_M", _ -> { }));
            fails("owner/name: no GGUF file of type Q2_K; there are Model-Q4_K_M-00001-of-00002.gguf, ",
                    () -> hub.resolveGguf(FakeHub.ID, "main", "Q2_K", _ -> { }));
            fails("no index that orders them; name the one to open, on the hub by its type as in owner/name:Q4_K_M",
                    () -> hub.pull(FakeHub.ID));
        }
    }

    @Test
    void pullsWhatIsNeededIntoThePythonLayout() throws IOException {
        List<Progress> progress = new ArrayList<>();
        try (Hub hub = hub()) {
            Path folder = hub.pull(FakeHub.ID, "main", Selection.MODEL, progress::add);
            Path model = cache.resolve("models--owner--name");
            assertEquals(model.resolve("snapshots").resolve(FakeHub.COMMIT), folder);
            assertEquals(Set.of("config.json", "tokenizer.json", "tokenizer.model.v1", "chat_template.jinja", "empty.txt",
                    "additional_chat_templates/tool use.jinja", "model.safetensors"), files(folder));
            assertEquals(FakeHub.COMMIT, Files.readString(model.resolve("refs/main")));
            for (String path : files(folder)) {
                assertArrayEquals(server.files.get(path), Files.readAllBytes(folder.resolve(path)), path);
                Path target = Files.readSymbolicLink(folder.resolve(path));
                String up = path.contains("/") ? "../../../blobs/" : "../../blobs/";
                assertEquals(up + FakeHub.tag(path, server.files.get(path)), target.toString());
            }
            assertEquals(files(folder).size(), files(model.resolve("blobs")).size());
            try (WeightSource weights = Weights.open(folder)) {
                assertTrue(weights.contains("head.weight"));
            }
            Progress last = progress.getLast();
            assertEquals(last.total(), last.bytes());
            assertEquals(files(folder).stream().mapToLong(path -> server.files.get(path).length).sum(), last.total());
            assertEquals("model.safetensors", last.file());
            assertTrue(last.bytesPerSecond() > 0);

            int requests = server.requests.size();
            assertEquals(folder, hub.pull(FakeHub.ID));
            assertEquals(requests + 1, server.requests.size(), "one question, nothing downloaded again");
            assertEquals(folder, hub.resolve(FakeHub.ID));
            assertEquals(requests + 1, server.requests.size(), "the cache needs no question");
        }
    }

    @Test
    void pullsADescriptionWithoutWeights() throws IOException {
        try (Hub hub = hub()) {
            Path folder = hub.resolve(FakeHub.ID, "main", Selection.DESCRIPTION, _ -> { });
            assertTrue(Files.exists(folder.resolve("config.json")));
            assertFalse(files(folder).contains("model.safetensors"));
            assertEquals(Optional.of(folder), hub.cached(FakeHub.ID, "main", Selection.DESCRIPTION));
            assertEquals(Optional.empty(), hub.cached(FakeHub.ID, "main", Selection.MODEL));
            assertEquals(folder, hub.resolve(FakeHub.ID));
            assertTrue(files(folder).contains("model.safetensors"));
        }
    }

    @Test
    void takesOneFormatOfWeightsAndAllItsShards() throws IOException {
        byte[] whole = server.files.remove("model.safetensors");
        try (Hub hub = hub()) {
            Path folder = hub.pull(FakeHub.ID);
            assertTrue(files(folder).contains("pytorch_model.bin"));
            assertFalse(files(folder).contains("training_args.bin"));

            server.commit = "1".repeat(40);
            server.files.put("model-00001-of-00002.safetensors", whole);
            server.files.put("model-00002-of-00002.safetensors", text("2"));
            server.files.put("consolidated.safetensors", text("all"));
            server.files.put("model.safetensors.index.json", text("{\"weight_map\":{\"a\":\"model-00001-of-00002.safetensors\","
                    + "\"b\":\"model-00002-of-00002.safetensors\"}}"));
            folder = hub.pull(FakeHub.ID);
            assertEquals(Set.of("model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
                    files(folder).stream().filter(file -> file.contains("safetensors")).collect(Collectors.toSet()));
            assertFalse(files(folder).contains("pytorch_model.bin"));
            assertTrue(hub.cached(FakeHub.ID, "main", Selection.MODEL).isPresent());
            Files.delete(folder.resolve("model-00002-of-00002.safetensors"));
            assertTrue(hub.cached(FakeHub.ID, "main", Selection.MODEL).isEmpty(), "a shard is missing");
            assertTrue(hub.cached(FakeHub.ID, FakeHub.COMMIT, Selection.MODEL).isPresent(), "the older snapshot is still there");
        }
    }

    @Test
    void pullsNamedFilesWhereItCannotChoose() throws IOException {
        server.files.keySet().removeIf(FakeHub::isLarge);
        server.files.put("small.pth", text("1"));
        server.files.put("large.pth", text("2"));
        try (Hub hub = hub()) {
            fails("owner/name: several weight files (large.pth, small.pth) and no index", () -> hub.pull(FakeHub.ID));
            Path folder = hub.pull(FakeHub.ID, "main", List.of("small.pth", "README.md"), _ -> { });
            assertTrue(files(folder).containsAll(Set.of("small.pth", "README.md", "config.json")));
            assertFalse(files(folder).contains("large.pth"));
            fails("owner/name has no file none.pth at revision main; it holds .gitattributes",
                    () -> hub.pull(FakeHub.ID, "main", List.of("none.pth"), _ -> { }));
        }
    }

    @Test
    void theTokenStaysWithTheHub() {
        server.requiredToken = "hf_secret";
        server.errorCode = "RepoNotFound";
        try (Hub hub = hub(); Hub known = hub(settings -> settings.withToken("hf_secret"))) {
            fails("no repository owner/name that may be read without a token (status 401)", () -> hub.pull(FakeHub.ID));
            known.pull(FakeHub.ID);
            assertTrue(server.count("/cdn/model.safetensors") == 1);
            for (String request : server.requests) {
                assertTrue(!request.contains("/cdn/") || request.endsWith(" -"), request);
            }
            assertTrue(server.count("Bearer hf_secret") > 5);
            assertFalse(known.settings().toString().contains("hf_secret"));
        }
    }

    @Test
    void saysWhatToDoAboutRefusals() {
        try (Hub hub = hub(); Hub token = hub(settings -> settings.withToken("hf_x"))) {
            server.status = 401;
            server.errorCode = "GatedRepo";
            fails("owner/name is gated (status 401): accept its terms on " + server.endpoint() + "/owner/name, then set HF_TOKEN",
                    () -> hub.pull(FakeHub.ID));
            server.errorCode = "";
            fails("the hub refused the access token (status 401): renew HF_TOKEN", () -> token.pull(FakeHub.ID));
            server.status = 403;
            fails("the account of the token in use has no access", () -> token.pull(FakeHub.ID));
            server.status = 404;
            server.errorCode = "RepoNotFound";
            fails("no repository owner/name, or no revision main of it, on " + server.endpoint() + " (status 404): check the name",
                    () -> hub.pull(FakeHub.ID));
            server.errorCode = "RevisionNotFound";
            fails("owner/name has no revision v2 (status 404)", () -> hub.pull(FakeHub.ID, "v2", Selection.MODEL, _ -> { }));
            server.status = 418;
            fails("owner/name: the hub answered 418", () -> hub.pull(FakeHub.ID));
            assertEquals(6, server.requests.size(), "no refusal is tried again");
        }
    }

    @Test
    void goesOnAfterBrokenConnections() throws IOException {
        int size = server.files.get("model.safetensors").length;
        server.breaks.set(6); // more than the attempts allowed without progress
        server.breakAfter = 20_000;
        server.unavailable.set(2);
        try (Hub hub = hub()) {
            Path folder = hub.pull(FakeHub.ID);
            assertArrayEquals(server.files.get("model.safetensors"), Files.readAllBytes(folder.resolve("model.safetensors")));
        }
        assertEquals(7, server.count("/cdn/model.safetensors"));
        List<Integer> starts = server.requests.stream().filter(request -> request.contains("/cdn/model.safetensors bytes="))
                .map(request -> Integer.parseInt(request.replaceAll(".*bytes=(\\d+)-.*", "$1"))).toList();
        assertEquals(6, starts.size(), "every further request goes on where the last one stopped");
        for (int i = 0; i < starts.size(); i++) {
            assertTrue(starts.get(i) <= 20_000 * (i + 1) && starts.get(i) < size && starts.get(i) >= (i == 0 ? 1 : starts.get(i - 1)),
                    starts.toString());
        }
    }

    @Test
    void givesUpAndGoesOnInALaterRun() throws IOException {
        server.breaks.set(Integer.MAX_VALUE);
        server.breakAfter = 0;
        byte[] content = server.files.get("model.safetensors");
        Path part = part("model.safetensors");
        try (Hub hub = hub()) {
            fails("owner/name/model.safetensors: the download failed: ", () -> hub.pull(FakeHub.ID));
            assertEquals(Optional.empty(), hub.cached(FakeHub.ID, "main", Selection.MODEL));
            server.breaks.set(0);
            Files.write(part, Arrays.copyOf(content, 12_345));
            Path folder = hub.resolve(FakeHub.ID);
            assertArrayEquals(content, Files.readAllBytes(folder.resolve("model.safetensors")));
            assertEquals(1, server.count("/cdn/model.safetensors bytes=12345-"));
            assertFalse(Files.exists(part));
        }
    }

    @Test
    void doesWithoutRangesAndWithADamagedPart() throws IOException {
        byte[] content = server.files.get("model.safetensors");
        Path part = part("model.safetensors");
        Files.createDirectories(part.getParent());
        Files.write(part, new byte[5000]);
        server.ignoresRanges = true;
        try (Hub hub = hub()) {
            assertArrayEquals(content, Files.readAllBytes(hub.pull(FakeHub.ID).resolve("model.safetensors")));
        }
        wipe();
        server.ignoresRanges = false;
        Files.createDirectories(part.getParent());
        Files.write(part, new byte[5000]); // not what the file starts with
        try (Hub hub = hub()) {
            assertArrayEquals(content, Files.readAllBytes(hub.pull(FakeHub.ID).resolve("model.safetensors")));
        }
        wipe();
        Files.createDirectories(part.getParent());
        Files.write(part, new byte[content.length + 1]);
        try (Hub hub = hub()) {
            assertArrayEquals(content, Files.readAllBytes(hub.pull(FakeHub.ID).resolve("model.safetensors")));
        }
        wipe();
        Files.createDirectories(part.getParent());
        Files.write(part, content); // whole, but not yet renamed
        int before = (int) server.count("/cdn/model.safetensors");
        try (Hub hub = hub()) {
            assertArrayEquals(content, Files.readAllBytes(hub.pull(FakeHub.ID).resolve("model.safetensors")));
        }
        assertEquals(before, server.count("/cdn/model.safetensors"));
    }

    @Test
    void refusesWrongChecksums() throws IOException {
        server.listedSha = "ab".repeat(32);
        try (Hub hub = hub()) {
            fails("owner/name/model.safetensors: what was downloaded is damaged: its checksum is "
                    + FakeHub.tag("model.safetensors", server.files.get("model.safetensors")) + ", expected abab", () -> hub.pull(FakeHub.ID));
            assertEquals(Optional.empty(), hub.cached(FakeHub.ID, "main", Selection.MODEL));
        }
        try (Stream<Path> blobs = Files.list(cache.resolve("models--owner--name/blobs"))) {
            assertTrue(blobs.noneMatch(blob -> blob.getFileName().toString().startsWith("abab")), "nothing damaged stays");
        }
        server.rawListing = "{\"sha\":\"" + FakeHub.COMMIT + "\",\"siblings\":[{\"rfilename\":\"config.json\",\"size\":22,\"blobId\":\""
                + "0".repeat(40) + "\"}]}";
        wipe();
        try (Hub hub = hub()) {
            fails("owner/name/config.json: what was downloaded is damaged", () -> hub.pull(FakeHub.ID, "main", Selection.DESCRIPTION, _ -> { }));
        }
        server.rawListing = server.rawListing.replace(":22", ":7");
        try (Hub hub = hub()) {
            fails("the server sends more than the 7 bytes", () -> hub.pull(FakeHub.ID, "main", Selection.DESCRIPTION, _ -> { }));
        }
    }

    @Test
    void asksForFactsThatTheListingLacks() throws IOException {
        server.listsFacts = false;
        try (Hub hub = hub()) {
            Path folder = hub.pull(FakeHub.ID);
            assertArrayEquals(server.files.get("model.safetensors"), Files.readAllBytes(folder.resolve("model.safetensors")));
            assertEquals("../../blobs/" + FakeHub.tag("config.json", server.files.get("config.json")),
                    Files.readSymbolicLink(folder.resolve("config.json")).toString());
        }
        assertTrue(server.requests.stream().filter(r -> r.startsWith("HEAD")).noneMatch(r -> r.contains("/cdn/")));
    }

    @Test
    void worksOfflineFromTheCache() {
        try (Hub offline = hub(settings -> settings.withOffline(true)); Hub hub = hub()) {
            fails("owner/name (revision main) is not, or not completely, in the cache " + cache + ", and HF_HUB_OFFLINE",
                    () -> offline.resolve(FakeHub.ID));
            assertEquals(0, server.requests.size());
            Path folder = hub.pull(FakeHub.ID);
            int requests = server.requests.size();
            assertEquals(folder, offline.resolve(FakeHub.ID));
            assertEquals(folder, offline.resolve(FakeHub.ID, FakeHub.COMMIT, Selection.MODEL, _ -> { }));
            fails("(revision v2)", () -> offline.resolve(FakeHub.ID, "v2", Selection.MODEL, _ -> { }));
            fails("HF_HUB_OFFLINE", () -> offline.pull(FakeHub.ID));
            assertEquals(requests, server.requests.size());
        }
    }

    @Test
    void saysThatTheHubCannotBeReached() {
        server.close();
        try (Hub hub = hub()) {
            fails("owner/name: cannot reach " + server.endpoint(), () -> hub.pull(FakeHub.ID));
        }
    }

    @Test
    void givesUpOnSilence() {
        server.stalls.set(1);
        try (Hub hub = hub(s -> new HubSettings(s.endpoint(), s.token(), s.cache(), false, 3, s.pause(), Duration.ofMillis(300)))) {
            assertTrue(Files.exists(hub.pull(FakeHub.ID).resolve("model.safetensors")));
        }
        assertEquals(1, server.count("/cdn/model.safetensors bytes=10-"), "after ten bytes and silence it asked for the rest");
    }

    @Test
    void pullsAtTheSameTimeDownloadOnce() throws Exception {
        server.files.put("model.safetensors", new byte[3_000_000]);
        new Random(1).nextBytes(server.files.get("model.safetensors"));
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Path>> pulls = Collections.nCopies(4, () -> {
                try (Hub hub = hub()) {
                    return hub.pull(FakeHub.ID);
                }
            });
            for (Future<Path> pull : threads.invokeAll(pulls)) {
                assertArrayEquals(server.files.get("model.safetensors"), Files.readAllBytes(pull.get().resolve("model.safetensors")));
            }
        }
        assertEquals(1, server.count("/cdn/model.safetensors"));
    }

    @Test
    void waitsForAnotherProcess() throws Exception {
        String tag = FakeHub.tag("config.json", server.files.get("config.json"));
        Process other = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), LockHolder.class.getName(), cache.toString(), FakeHub.ID, tag)
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (Hub hub = hub(); ExecutorService thread = Executors.newSingleThreadExecutor()) {
            assertEquals('+', other.getInputStream().read(), "the other process holds the lock");
            Future<Path> pull = thread.submit(() -> hub.pull(FakeHub.ID));
            assertThrows(TimeoutException.class, () -> pull.get(500, TimeUnit.MILLISECONDS));
            assertEquals(0, server.count("/resolve/" + FakeHub.COMMIT + "/config.json"));
            other.getOutputStream().close();
            assertTrue(Files.exists(pull.get().resolve("config.json")));
        } finally {
            other.destroy();
        }
    }

    @Test
    void doesWithoutSymbolicLinks() throws IOException {
        try (Hub hub = new Hub(settings(), false)) {
            Path folder = hub.pull(FakeHub.ID);
            assertTrue(Files.isRegularFile(folder.resolve("config.json"), LinkOption.NOFOLLOW_LINKS));
            assertArrayEquals(server.files.get("model.safetensors"), Files.readAllBytes(folder.resolve("model.safetensors")));
            int requests = server.requests.size();
            assertEquals(folder, hub.pull(FakeHub.ID));
            assertEquals(requests + 1, server.requests.size());
        }
    }

    @Test
    void followsRevisionsAndRenames() throws IOException {
        try (Hub hub = hub()) {
            Path folder = hub.pull(FakeHub.ID, "refs/pr/7", Selection.DESCRIPTION, _ -> { });
            assertEquals(1, server.count("/api/models/owner/name/revision/refs%2Fpr%2F7"));
            assertEquals(FakeHub.COMMIT, Files.readString(cache.resolve("models--owner--name/refs/refs/pr/7")));
            server.commit = "2".repeat(40);
            Path newer = hub.pull(FakeHub.ID, "refs/pr/7", Selection.DESCRIPTION, _ -> { });
            assertFalse(folder.equals(newer));
            assertEquals(Optional.of(newer), hub.cached(FakeHub.ID, "refs/pr/7", Selection.DESCRIPTION));
            fails("old/name", () -> hub.pull("old/name")); // the listing moved, the fake's files did not
            assertEquals(1, server.count("/api/models/old/name/revision/main"));
        }
    }

    @Test
    void refusesNamesThatLeaveTheFolder() throws IOException {
        try (Hub hub = hub()) {
            for (String id : List.of("../x", "a/b/c", "a/..", "", "a b/c", "a--b/c", "/a", "a/", "https://x/y")) {
                fails("is no name on the hub, expected owner/name", () -> hub.pull(id));
            }
            for (String revision : List.of("../main", "a//b", "", "a b", "/x", "x/..", ".git")) {
                fails("is no revision, expected a branch", () -> hub.pull(FakeHub.ID, revision, Selection.MODEL, _ -> { }));
            }
            assertEquals(0, server.requests.size());
            for (String path : List.of("../../x.json", "/etc/x.json", "a/../x.json", "a\\\\x.json", "a//x.json", "./x.json", "a\\u0000.json", "")) {
                server.rawListing = "{\"sha\":\"" + FakeHub.COMMIT + "\",\"siblings\":[{\"rfilename\":\"" + path + "\"}]}";
                fails("is no path inside a repository", () -> hub.pull(FakeHub.ID));
            }
            server.rawListing = "{\"sha\":\"../../x\",\"siblings\":[]}";
            fails("expected a commit of 40 hexadecimal digits", () -> hub.pull(FakeHub.ID));
            server.rawListing = "{\"sha\":\"" + FakeHub.COMMIT + "\",\"siblings\":[{\"rfilename\":\"a.json\",\"size\":1,\"blobId\":\"../x\"}]}";
            fails("names a file's content \"../x\", expected a checksum", () -> hub.pull(FakeHub.ID));
            server.rawListing = "<html>";
            fails("owner/name: the hub's answer: not valid JSON", () -> hub.pull(FakeHub.ID));
        }
        try (Stream<Path> all = Files.walk(cache)) {
            assertTrue(all.noneMatch(Files::isRegularFile), "nothing was written");
        }
    }

    @Test
    void refusesMoreThanTheDiskHolds() throws IOException {
        server.rawListing = "{\"sha\":\"" + FakeHub.COMMIT + "\",\"siblings\":[{\"rfilename\":\"a.json\",\"size\":4000000000000000000,\"blobId\":\"" + "0".repeat(40) + "\"}]}";
        try (Hub hub = hub()) {
            fails("owner/name: 4000000000000000000 bytes are to be downloaded, ", () -> hub.pull(FakeHub.ID, "main", Selection.DESCRIPTION, _ -> { }));
        }
        Files.writeString(cache.resolve("file"), "");
        server.rawListing = "";
        try (Hub hub = hub(settings -> settings.withCache(cache.resolve("file/cache")))) {
            fails("owner/name: the cache " + cache.resolve("file/cache") + " cannot be written", () -> hub.pull(FakeHub.ID));
        }
    }

    private Hub hub() {
        return hub(UnaryOperator.identity());
    }

    private Hub hub(UnaryOperator<HubSettings> change) {
        return new Hub(change.apply(settings()));
    }

    private HubSettings settings() {
        URI endpoint = server.endpoint();
        return new HubSettings(endpoint, Optional.empty(), cache, false, 4, Duration.ofMillis(1), Duration.ofSeconds(20));
    }

    private Path part(String path) {
        return cache.resolve("models--owner--name/blobs").resolve(FakeHub.tag(path, server.files.get(path)) + ".incomplete");
    }

    private void wipe() throws IOException {
        try (Stream<Path> all = Files.walk(cache)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).filter(path -> !path.equals(cache)).toList()) {
                Files.delete(path);
            }
        }
    }

    private static Set<String> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).map(file -> folder.relativize(file).toString()).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void fails(String message, Executable action) {
        CheckpointException e = assertThrows(CheckpointException.class, action);
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
