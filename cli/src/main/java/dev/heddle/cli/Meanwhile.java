package dev.heddle.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Something that is made on a thread of its own while other things are made, so that a command begins sooner.
final class Meanwhile<T> implements AutoCloseable {
    private final CompletableFuture<T> made = new CompletableFuture<>();
    private final Consumer<T> closing;

    private Meanwhile(Consumer<T> closing) {
        this.closing = closing;
    }

    /// Begins to make it.
    ///
    /// @param closing what to do with it in the end
    static <T> Meanwhile<T> making(Supplier<T> maker, Consumer<T> closing) {
        Meanwhile<T> meanwhile = new Meanwhile<>(closing);
        Thread.ofPlatform().daemon().start(() -> {
            try {
                meanwhile.made.complete(maker.get());
            } catch (Throwable thrown) {
                meanwhile.made.completeExceptionally(thrown);
            }
        });
        return meanwhile;
    }

    /// Waits until it is there. Throws what making it threw.
    T get() {
        try {
            return made.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                default -> throw e;
            }
        }
    }

    /// Waits until it is there, if it ever will be, and closes it.
    @Override
    public void close() {
        try {
            closing.accept(made.join());
        } catch (CompletionException e) {
            // there is nothing to close; whoever asked for it was told
        }
    }
}
