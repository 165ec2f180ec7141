package dev.heddle.checkpoint;

/// A published file or folder that cannot be used: missing, damaged, in an unsupported form, or hostile.
///
/// The message stands alone. It says where (file, tensor or field), what was found and what was expected, and
/// where it helps, the next step. Every reader of this module throws this type and no other on bad content.
public class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public CheckpointException(String message) {
        super(message);
    }

    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
