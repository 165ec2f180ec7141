package dev.heddle.core.layer;

/// Key under which a recurrent layer publishes what it has gathered, [T, inner].
///
/// @param name the name in the specification
record PublishedMemory(String name) {
}
