package dev.heddle.cli;

import java.util.function.Consumer;

/// What answers in an [InteractiveSession].
interface Dialogue extends AutoCloseable {
    /// What the session begins with.
    String greeting();

    /// Answers `text`, piece by piece. Returns what to say after the answer: nothing, or why it ended there.
    String answer(String text, Consumer<String> output);

    /// Goes on where the last answer ended.
    /// @throws IllegalArgumentException if there is nothing to go on from
    String more(Consumer<String> output);

    /// Ends the answer under way; called by another thread.
    void stop();

    /// Forgets the conversation.
    void reset();

    /// Speed and memory of the last answer.
    String statistics();

    @Override
    void close();
}
