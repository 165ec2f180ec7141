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
/// @param file         its configuration among the resources
public record Preset(String name, String title, String organisation, OptionalInt year, Optional<String> hub,
        Optional<String> licence, String file) {
}
