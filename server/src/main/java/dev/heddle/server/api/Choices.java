package dev.heddle.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.server.http.ApiException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// Streams the answers of a request side by side.
final class Choices {
    interface Writer {
        void write(int index) throws InterruptedException;
    }

    private Choices() {
    }

    /// Runs a writer for each answer, and returns when all are done. What goes wrong after the stream has begun is an event
    /// in it; a client that has gone is nobody to tell.
    static void together(int count, EventStream events, Writer writer) throws InterruptedException {
        AtomicBoolean failed = new AtomicBoolean();
        List<Thread> others = new ArrayList<>();
        for (int i = 1; i < count; i++) {
            int index = i;
            others.add(Thread.startVirtualThread(() -> write(index, events, writer, failed)));
        }
        write(0, events, writer, failed);
        for (Thread thread : others) {
            thread.join();
        }
    }

    private static void write(int index, EventStream events, Writer writer, AtomicBoolean failed) {
        try {
            writer.write(index);
        } catch (ApiException e) {
            ObjectNode body = e.body();
            if (failed.compareAndSet(false, true)) {
                try {
                    events.send(body);
                } catch (UncheckedIOException gone) {
                    // the client has gone
                }
            }
        } catch (UncheckedIOException e) {
            failed.set(true);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
