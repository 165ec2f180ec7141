package dev.heddle.checkpoint.hub;

/// How far a pull has come.
///
/// @param file the file being downloaded
/// @param fileBytes bytes of it that are there
/// @param fileTotal its size
/// @param bytes bytes of all files that are there, those found in the cache included
/// @param total size of all files
/// @param bytesPerSecond average rate of what this pull has received
public record Progress(String file, long fileBytes, long fileTotal, long bytes, long total, double bytesPerSecond) {
}
