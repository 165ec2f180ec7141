package dev.heddle.checkpoint.tokenizer;

/// Decodes a growing sequence of tokens. What [#feed] and [#finish] return, laid end to end, is what
/// [Tokenizer#decode] gives for the whole sequence. Not safe for use by several threads.
public interface TokenStream {
    /// Takes the next token and returns the text that is now certain: empty while a character's bytes are incomplete.
    String feed(int id);

    /// The text held back, with U+FFFD for bytes that never became a character. The stream then starts anew.
    String finish();
}
