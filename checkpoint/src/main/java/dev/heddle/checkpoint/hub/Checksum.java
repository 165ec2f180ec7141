package dev.heddle.checkpoint.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/// Checks content against the name the hub gives it: 64 hexadecimal digits are a SHA-256, 40 are the SHA-1 of a
/// git blob (the word `blob`, the size and a zero byte before the content).
final class Checksum {
    private final MessageDigest digest;
    private final String expected;

    private Checksum(MessageDigest digest, String expected) {
        this.digest = digest;
        this.expected = expected;
    }

    /// A checksum for content called `tag`; empty if the tag is of no known kind.
    static Optional<Checksum> of(String tag, long size) {
        try {
            if (tag.matches("[0-9a-f]{64}")) {
                return Optional.of(new Checksum(MessageDigest.getInstance("SHA-256"), tag));
            }
            if (tag.matches("[0-9a-f]{40}")) {
                MessageDigest digest = MessageDigest.getInstance("SHA-1");
                digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
                return Optional.of(new Checksum(digest, tag));
            }
            return Optional.empty();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    void update(byte[] bytes, int length) {
        digest.update(bytes, 0, length);
    }

    void update(Path file) throws IOException {
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                update(buffer, n);
            }
        }
    }

    /// The difference between what was expected and what came, in words; empty if there is none. Call once.
    Optional<String> mismatch() {
        String found = HexFormat.of().formatHex(digest.digest());
        return found.equals(expected) ? Optional.empty() : Optional.of("its checksum is " + found + ", expected " + expected);
    }
}
