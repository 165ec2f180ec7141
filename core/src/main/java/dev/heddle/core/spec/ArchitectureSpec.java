package dev.heddle.core.spec;

/// An architecture as data: a language model or an image classifier.
public sealed interface ArchitectureSpec permits ModelSpec, ImageModelSpec {
    /// What people call it.
    String name();

    /// The checkpoint family it is read from and written as.
    String family();
}
