package dev.heddle.checkpoint.zoo;

import java.util.Optional;
import java.util.OptionalInt;

/// A published model known by its configuration.
///
/// @param name         what commands call it, lower case
/// @param title        what its makers call it
/// @param organisation who made it
/// @param year         when it was published
/// @param hub          its id on the Hugging Face hub
/// @param licence      SPDX identifier or the licence's name, where known
/// @param size         how many parameters its makers say it has
/// @param source       where the configuration is from, if not the file on the hub
/// @param note         what the configuration does not tell
/// @param file         its configuration among the resources
public record Preset(String name, String title, String organisation, OptionalInt year, Optional<String> hub,
        Optional<String> licence, Optional<PublishedSize> size, Optional<String> source, Optional<String> note, String file) {
}
