package dev.heddle.train.report;

import dev.heddle.train.TrainingException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;

/// Scalars for TensorBoard: `events.out.tfevents.<seconds>.<host>`, records ([RecordFile]) that each hold an `Event` of
/// `tensorflow/core/util/event.proto`:
///
/// ```
/// Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log = 7 }
/// Summary { repeated Value value = 1 }   Value { string tag = 1; float simple_value = 2 }
/// SessionLog { Status status = 1 }       Status { START = 1 }
/// ```
///
/// A run that goes on writes a file of its own. It begins with a session's start at its first step, which tells
/// TensorBoard to forget what the interrupted run wrote from there on.
public final class EventFile implements AutoCloseable {
    private static final String VERSION = "brain.Event:2";
    private static final int START = 1;

    private final Path file;
    private final RecordFile records;
    private final Clock clock;

    /// A new file in `folder`, which exists.
    ///
    /// @param step  steps taken by earlier runs in this folder
    /// @param clock tells the time of each event
    public EventFile(Path folder, long step, Clock clock) {
        this.clock = clock;
        String name = String.format("events.out.tfevents.%010d.%s", clock.instant().getEpochSecond(), host());
        try {
            Path free = folder.resolve(name);
            for (int i = 1; Files.exists(free); i++) {
                free = folder.resolve(name + "." + i);
            }
            file = free;
            records = new RecordFile(file);
        } catch (FileAlreadyExistsException e) {
            throw new TrainingException(folder + ": another training writes here", e);
        } catch (IOException e) {
            throw new TrainingException(folder.resolve(name) + ": cannot be written (" + e.getMessage() + ")", e);
        }
        add(event().text(3, VERSION));
        if (step > 0) {
            add(event().integer(2, step + 1).message(7, new ProtocolBuffer().integer(1, START)));
        }
    }

    public Path file() {
        return file;
    }

    /// The values of a step by their tags.
    public void add(long step, Map<String, Double> values) {
        ProtocolBuffer summary = new ProtocolBuffer();
        values.forEach((tag, value) -> summary.message(1, new ProtocolBuffer().text(1, tag).real(2, value.floatValue())));
        add(event().integer(2, step).message(5, summary));
    }

    private ProtocolBuffer event() {
        return new ProtocolBuffer().real(1, clock.millis() / 1000.0);
    }

    private void add(ProtocolBuffer event) {
        try {
            records.add(event.bytes());
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private static String host() {
        try {
            String name = InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9.-]", "-");
            return name.isEmpty() ? "localhost" : name;
        } catch (UnknownHostException _) {
            return "localhost";
        }
    }

    private TrainingException failed(IOException e) {
        return new TrainingException(file + ": cannot be written (" + e.getMessage() + ")", e);
    }

    @Override
    public void close() {
        try {
            records.close();
        } catch (IOException e) {
            throw failed(e);
        }
    }
}
