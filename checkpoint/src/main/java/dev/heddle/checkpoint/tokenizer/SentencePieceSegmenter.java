package dev.heddle.checkpoint.tokenizer;

/// Cuts a normalized text into pieces.
interface SentencePieceSegmenter {
    /// Takes a piece's text and id; the id of the unknown piece if the text is none.
    interface Output {
        void accept(String piece, int id);
    }

    void segment(String text, Output output);
}
