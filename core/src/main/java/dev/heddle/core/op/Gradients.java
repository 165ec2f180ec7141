package dev.heddle.core.op;

import dev.heddle.core.pass.Pass;

/// Says at once, while the tape records, that an operation cannot be differentiated yet.
final class Gradients {
    private Gradients() {
    }

    static void unavailable(Pass pass, String operation) {
        if (pass.taped()) {
            throw new UnsupportedOperationException("gradients of this architecture are not available: " + operation
                    + " has no backward");
        }
    }
}
