package dev.heddle.checkpoint.hub;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.weights.WeightFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// A client of the Hugging Face hub or a mirror of it.
///
/// Files go to the cache that the Python libraries share, under the names they give them. A download that breaks
/// off goes on where it stopped, in the same run or a later one; contents are checked against the hub's checksums
/// before they are used; several processes may pull the same repository at once.
///
/// A repository is named `owner/name`, a revision is a branch, a tag or a commit. Every failure is a
/// [CheckpointException] that says what to do next.
public final class Hub implements AutoCloseable {
    /// The branch that is meant when none is named.
    public static final String MAIN = "main";

    private final HubSettings settings;
    private final HubConnection connection;
    private final boolean links;

    public Hub(HubSettings settings) {
        this(settings, true);
    }

    Hub(HubSettings settings, boolean links) {
        this.settings = settings;
        this.connection = new HubConnection(settings);
        this.links = links;
    }

    /// A client with the settings that the environment gives.
    public static Hub fromEnvironment() {
        return new Hub(HubSettings.fromEnvironment());
    }

    public HubSettings settings() {
        return settings;
    }

    /// The snapshot folder of a model, from the cache if it is there, else downloaded.
    public Path resolve(String id) {
        return resolve(id, MAIN, Selection.MODEL, _ -> { });
    }

    /// The folder that holds what `selection` asks for, from the cache if all of it is there, else downloaded.
    /// The cache is believed without asking the hub for news; [#pull] asks.
    public Path resolve(String id, String revision, Selection selection, Consumer<Progress> listener) {
        Optional<Path> cached = cached(id, revision, selection);
        return cached.isPresent() ? cached.get() : pull(id, revision, selection, listener);
    }

    /// The snapshot folder in the cache if it holds all that `selection` asks for; no network is used.
    public Optional<Path> cached(String id, String revision, Selection selection) {
        return cache(id).find(Repository.checkRevision(revision)).filter(folder -> isComplete(folder, selection));
    }

    /// Downloads a model's newest state and returns its snapshot folder.
    public Path pull(String id) {
        return pull(id, MAIN, Selection.MODEL, _ -> { });
    }

    /// Downloads what `selection` asks for, as far as it is not in the cache, and returns the snapshot folder.
    /// @param listener told how far it has come, on the calling thread
    public Path pull(String id, String revision, Selection selection, Consumer<Progress> listener) {
        Repository repository = list(id, revision);
        return fetch(repository, revision, selection.choose(id, repository.files()), listener);
    }

    /// Downloads these files of a repository, one of several `.gguf` or `.pth` files for example, beside what
    /// [Selection#DESCRIPTION] asks for.
    /// @param files paths in the repository
    public Path pull(String id, String revision, List<String> files, Consumer<Progress> listener) {
        Repository repository = list(id, revision);
        List<RepositoryFile> chosen = new ArrayList<>(Selection.DESCRIPTION.choose(id, repository.files()));
        for (String file : files) {
            RepositoryFile found = repository.files().stream().filter(other -> other.path().equals(file)).findFirst()
                    .orElseThrow(() -> new CheckpointException(id + " has no file " + file + " at revision " + revision + "; it holds "
                            + String.join(", ", repository.files().stream().map(RepositoryFile::path).limit(20).toList())));
            if (!chosen.contains(found)) {
                chosen.add(found);
            }
        }
        return fetch(repository, revision, chosen, listener);
    }

    /// The GGUF file of one type (`Q4_K_M`) in a repository that has several, from the cache if it is there, else downloaded;
    /// of a set of files the first.
    public Path resolveGguf(String id, String revision, String type, Consumer<Progress> listener) {
        Optional<Path> folder = cache(id).find(Repository.checkRevision(revision));
        if (folder.isPresent()) {
            try (Stream<Path> files = Files.list(folder.get())) {
                List<String> names = files.map(file -> file.getFileName().toString()).toList();
                return folder.get().resolve(WeightFiles.gguf(id, names, type).getFirst());
            } catch (IOException | CheckpointException e) {
                // not, or not completely, in the cache
            }
        }
        return pullGguf(id, revision, type, listener);
    }

    /// Downloads the GGUF file of one type, as far as it is not in the cache.
    public Path pullGguf(String id, String revision, String type, Consumer<Progress> listener) {
        Repository repository = list(id, revision);
        List<String> chosen = WeightFiles.gguf(id, repository.files().stream().map(RepositoryFile::path)
                .filter(path -> path.indexOf('/') < 0).toList(), type);
        return fetch(repository, revision, repository.files().stream().filter(file -> chosen.contains(file.path())).toList(),
                listener).resolve(chosen.getFirst());
    }

    private Repository list(String id, String revision) {
        Repository.checkId(id);
        Repository.checkRevision(revision);
        if (settings.offline()) {
            throw new CheckpointException(id + " (revision " + revision + ") is not, or not completely, in the cache "
                    + settings.cache() + ", and HF_HUB_OFFLINE forbids the network; unset it and download the model once");
        }
        return connection.list(id, revision);
    }

    private Path fetch(Repository repository, String revision, List<RepositoryFile> files, Consumer<Progress> listener) {
        HubCache cache = cache(repository.id());
        List<RepositoryFile> described = files.stream().map(file -> describe(repository, file)).toList();
        Meter meter = new Meter(described.stream().mapToLong(file -> file.size().getAsLong()).sum(), listener);
        try {
            checkSpace(repository, cache, described);
            for (RepositoryFile file : described) {
                fetch(repository, cache, file, meter);
                meter.finished(file.path(), file.size().getAsLong());
            }
            cache.writeRef(revision, repository.commit());
        } catch (IOException e) {
            throw new CheckpointException(repository.id() + ": the cache " + settings.cache() + " cannot be written (" + e + ")", e);
        }
        return cache.snapshot(repository.commit());
    }

    private void fetch(Repository repository, HubCache cache, RepositoryFile file, Meter meter) throws IOException {
        if (Files.exists(cache.inSnapshot(repository.commit(), file.path()))) {
            return;
        }
        String tag = file.tag().orElseThrow();
        try (HubCache.Lock _ = cache.lock(tag)) {
            if (Files.exists(cache.inSnapshot(repository.commit(), file.path()))) {
                return;
            }
            if (!Files.exists(cache.blob(tag))) {
                new Download(connection, settings, meter, repository, cache, file.path(), tag, file.size().getAsLong()).run();
            }
            cache.link(repository.commit(), file.path(), tag);
        }
    }

    /// The file with size and checksum, which some mirrors leave out of their listing.
    private RepositoryFile describe(Repository repository, RepositoryFile file) {
        if (file.size().isPresent() && file.tag().isPresent()) {
            return file;
        }
        HubConnection.Described facts = connection.describe(repository.id(), repository.commit(), file.path());
        RepositoryFile described = new RepositoryFile(file.path(), file.size().isPresent() ? file.size() : facts.size(),
                file.tag().or(facts::tag));
        if (described.size().isEmpty() || described.tag().isEmpty()) {
            throw new CheckpointException(repository.id() + "/" + file.path() + ": " + settings.endpoint()
                    + " does not say its size and checksum");
        }
        return described;
    }

    private void checkSpace(Repository repository, HubCache cache, List<RepositoryFile> files) throws IOException {
        long needed = 0;
        for (RepositoryFile file : files) {
            Path part = cache.incomplete(file.tag().orElseThrow());
            if (!Files.exists(cache.inSnapshot(repository.commit(), file.path())) && !Files.exists(cache.blob(file.tag().get()))) {
                needed += Math.max(0, file.size().getAsLong() - (Files.exists(part) ? Files.size(part) : 0));
            }
        }
        Files.createDirectories(settings.cache());
        long free = Files.getFileStore(settings.cache()).getUsableSpace();
        if (needed > free) {
            throw new CheckpointException(repository.id() + ": " + needed + " bytes are to be downloaded, " + free
                    + " are free on the disk of " + settings.cache() + "; make room, or set HF_HUB_CACHE to a folder on another disk");
        }
    }

    private static boolean isComplete(Path folder, Selection selection) {
        try (Stream<Path> files = Files.list(folder)) {
            List<String> names = files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()).toList();
            if (selection == Selection.DESCRIPTION) {
                return names.stream().anyMatch(name -> !WeightFiles.isWeightFileOrIndex(name));
            }
            WeightFiles weights = WeightFiles.choose(folder.toString(), names);
            if (weights.index().isPresent()) {
                for (JsonNode file : Json.read(folder.resolve(weights.index().get())).path("weight_map")) {
                    if (!names.contains(file.asText())) {
                        return false;
                    }
                }
            }
            return true;
        } catch (CheckpointException e) {
            return false; // no weights yet, or not all of them
        } catch (IOException e) {
            throw new CheckpointException(folder + ": cannot be listed (" + e + ")", e);
        }
    }

    private HubCache cache(String id) {
        return new HubCache(settings.cache(), Repository.checkId(id), links);
    }

    /// Ends the connections. Downloads under way fail.
    @Override
    public void close() {
        connection.close();
    }
}
