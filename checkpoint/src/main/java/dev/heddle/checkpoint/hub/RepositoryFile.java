package dev.heddle.checkpoint.hub;

import dev.heddle.checkpoint.CheckpointException;
import java.io.File;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// One file of a repository, as the hub lists it.
///
/// @param path its path, checked to stay inside the repository
/// @param size bytes
/// @param tag name of its content: the SHA-256 of a large file, the git blob SHA-1 of a small one
record RepositoryFile(String path, OptionalLong size, Optional<String> tag) {
    private static final Pattern TAG = Pattern.compile("[0-9A-Za-z][0-9A-Za-z._-]{0,127}");

    /// @throws CheckpointException if the path leaves the repository or the tag is no plain name
    RepositoryFile {
        checkPath(path);
        tag.ifPresent(RepositoryFile::checkTag);
        if (size.isPresent() && size.getAsLong() < 0) {
            throw new CheckpointException("the hub lists " + path + " with a size of " + size.getAsLong());
        }
    }

    private static void checkPath(String path) {
        boolean plain = !path.isEmpty() && path.length() <= 1024
                && path.chars().noneMatch(c -> c == '\\' || c < ' ' || c == 0x7f)
                && (File.separatorChar == '/' || path.indexOf(':') < 0);
        for (String part : path.split("/", -1)) {
            plain &= !part.isEmpty() && !part.equals(".") && !part.equals("..");
        }
        if (!plain) {
            throw new CheckpointException("the hub lists a file called \"" + path.replaceAll("\\p{Cntrl}", "?")
                    + "\", which is no path inside a repository; nothing was written");
        }
    }

    static String checkTag(String tag) {
        if (!TAG.matcher(tag).matches()) {
            throw new CheckpointException("the hub names a file's content \"" + tag.replaceAll("\\p{Cntrl}", "?")
                    + "\", expected a checksum");
        }
        return tag;
    }
}
