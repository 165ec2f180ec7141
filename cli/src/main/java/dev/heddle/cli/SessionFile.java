package dev.heddle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.HeddleModel;
import dev.heddle.Session;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.template.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A conversation that outlives the program: `sessions/NAME.json` in the folder `HEDDLE_HOME`, else in `heddle` among the
/// user's caches. It holds messages, or the token ids of a text; what the model remembers of it lies beside, in `states`,
/// and is computed anew if it is gone.
///
/// @param name as the user calls it
/// @param file where it lies or will lie
record SessionFile(String name, Path file) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
    private static final String SUFFIX = ".json";

    static SessionFile of(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new UsageException("a session's name has letters, digits, '.', '_' and '-' only, unlike '" + name + "'");
        }
        return new SessionFile(name, home().resolve("sessions").resolve(name + SUFFIX));
    }

    /// Where sessions and kept states lie.
    static Path home() {
        String property = System.getProperty("heddle.cache", "");
        String own = property.isBlank() ? System.getenv().getOrDefault("HEDDLE_HOME", "") : property;
        if (!own.isBlank()) {
            return Path.of(own);
        }
        String caches = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
        return (caches.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(caches)).resolve("heddle");
    }

    /// Kept states of all sessions.
    static Path states() {
        return home().resolve("states");
    }

    /// All sessions, by name.
    static List<SessionFile> all() {
        Path folder = home().resolve("sessions");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(SUFFIX)).sorted()
                    .map(name -> of(name.substring(0, name.length() - SUFFIX.length()))).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean exists() {
        return Files.isRegularFile(file);
    }

    /// The folder of the model it was held with.
    String model() {
        JsonNode model = Json.readObject(file).path("model");
        if (!model.isTextual()) {
            throw new CheckpointException(file + ": model is " + Json.kind(model) + ", expected a string");
        }
        return model.textValue();
    }

    /// How much has been said, in a few words.
    String extent() {
        ObjectNode json = Json.readObject(file);
        return json.has("messages") ? json.path("messages").size() + " messages" : json.path("tokens").size() + " tokens";
    }

    /// The saved conversation, or a new one.
    /// @throws CheckpointException if it was held with another kind of model, or the file is damaged
    Session open(HeddleModel model) {
        Session session = model.session();
        if (!exists()) {
            return session;
        }
        ObjectNode json = Json.readObject(file);
        String kind = model.template().isPresent() ? "messages" : "tokens";
        if (!json.path(kind).isArray()) {
            throw new CheckpointException(file + ": holds no " + kind + "; it was held with a model "
                    + (model.template().isPresent() ? "without" : "with") + " a chat template");
        }
        if (model.template().isPresent()) {
            json.path(kind).forEach(message -> session.add(Message.parse(message, file.toString())));
            return session;
        }
        int[] tokens = new int[json.path(kind).size()];
        for (int i = 0; i < tokens.length; i++) {
            JsonNode one = json.path(kind).get(i);
            if (!one.isInt() || one.intValue() < 0 || one.intValue() >= model.spec().vocabulary()) {
                throw new CheckpointException(file + ": " + one + " is no token of this model");
            }
            tokens[i] = one.intValue();
        }
        return session.add(tokens);
    }

    /// Writes the conversation to a temporary file and puts it in place.
    ///
    /// @param model where its model lies
    void save(Path model, Session session, boolean messages) {
        ObjectNode json = Json.object().put("model", model.toAbsolutePath().normalize().toString());
        ArrayNode list = json.putArray(messages ? "messages" : "tokens");
        if (messages) {
            for (Message message : session.messages()) {
                String text = message.content() instanceof Message.Content.Text(String plain) ? plain : "";
                list.addObject().put("role", message.role()).put("content", text);
            }
        } else {
            for (int id : session.tokens()) {
                list.add(id);
            }
        }
        try {
            Files.createDirectories(file.getParent());
            Path part = Files.createTempFile(file.getParent(), name, ".part");
            try {
                Files.writeString(part, Json.pretty(json));
                Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    /// Deletes it; returns whether it was there.
    boolean delete() {
        try {
            return Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
