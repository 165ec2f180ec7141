package dev.heddle.checkpoint.gguf.export;

/// A model that an architecture cannot express; the message says what it lacks.
final class Unsuitable extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unsuitable(String message) {
        super(message, null, false, false);
    }

    /// @param need what the architecture needs and the model has not
    static void unless(boolean fits, String need) {
        if (!fits) {
            throw new Unsuitable("needs " + need);
        }
    }
}
