package dev.heddle.checkpoint.zoo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.config.Config;
import dev.heddle.checkpoint.text.Nearest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/// The published models whose configurations come with Heddle.
public final class Zoo {
    private Zoo() {
    }

    /// All presets, in the order of the index.
    public static List<Preset> presets() {
        Config index = Config.parse(resource("index.json"), "the zoo's index");
        List<Preset> presets = new ArrayList<>();
        for (Config entry : index.sections("presets")) {
            JsonNode year = entry.json().path("year");
            presets.add(new Preset(entry.string("name"), entry.string("title"), entry.string("organisation"),
                    year.isInt() ? OptionalInt.of(year.intValue()) : OptionalInt.empty(), text(entry, "hub"),
                    text(entry, "licence"), size(entry), text(entry, "source"), text(entry, "note"),
                    entry.string("file")));
        }
        return presets;
    }

    private static Optional<PublishedSize> size(Config entry) {
        return entry.has("parameters") ? Optional.of(PublishedSize.parse(entry.isString("parameters") ? entry.string("parameters")
                : Long.toString(entry.bigInteger("parameters")))) : Optional.empty();
    }

    private static Optional<String> text(Config entry, String name) {
        return entry.has(name) ? Optional.of(entry.string(name)) : Optional.empty();
    }

    public static boolean contains(String name) {
        return find(name).isPresent();
    }

    /// The preset called `name`, in any case.
    public static Optional<Preset> find(String name) {
        if (!name.matches("[A-Za-z0-9._-]+")) {
            return Optional.empty();
        }
        String key = name.toLowerCase(Locale.ROOT);
        return presets().stream().filter(preset -> preset.name().equals(key)).findFirst();
    }

    /// The preset called `name`.
    /// @throws CheckpointException if there is none
    public static Preset get(String name) {
        return find(name).orElseThrow(() -> new CheckpointException("no preset is called \"" + name
                + "\"; 'heddle zoo' lists them" + hint(name)));
    }

    /// `, did you mean …?` if a preset's name is nearly this one, and nothing otherwise.
    public static String hint(String name) {
        return Nearest.hint(name, presets().stream().map(Preset::name).toList());
    }

    /// The configuration of a preset.
    public static Config config(Preset preset) {
        return Config.parse(resource(preset.file()), preset.name());
    }

    private static String resource(String file) {
        try (InputStream in = Zoo.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("resource " + file + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("resource " + file + " cannot be read", e);
        }
    }
}
