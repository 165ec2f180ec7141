package dev.heddle.checkpoint.tokenizer;

import java.util.OptionalInt;

/// Text to token ids and back, as the model's own tokenizer does it.
///
/// Safe for use by several threads. Ids are in `0 … size()-1`; a model's vocabulary may be padded to more, and such
/// an id stands for no text: decoding passes over it. A negative id is an error.
///
/// Lone surrogates in a text are encoded as U+FFFD, since no tokenizer file can express them.
public interface Tokenizer extends AutoCloseable {
    /// The ids of `text`. The names of special tokens in it (`<|im_end|>`) become those tokens, as rendered chat
    /// templates need; `addSpecial` adds what the model expects around a whole text (a begin-of-sequence token).
    /// A rendered chat template holds those already: encode it with `addSpecial` false.
    int[] encode(String text, boolean addSpecial);

    /// The text of `ids`. Bytes that are no UTF-8 become U+FFFD. With `skipSpecial` special tokens are left out,
    /// otherwise their names appear.
    String decode(int[] ids, boolean skipSpecial);

    /// The text of `ids` without special tokens.
    default String decode(int... ids) {
        return decode(ids, true);
    }

    /// A decoder that takes ids one by one. `context` are ids that came before and are not repeated: they decide
    /// whether the first word keeps its leading space. An empty context means the text starts here.
    TokenStream stream(int[] context, boolean skipSpecial);

    /// A decoder for a text that starts here, without special tokens.
    default TokenStream stream() {
        return stream(new int[0], true);
    }

    /// What the tokenizer's file writes for `id`: for display, not for building text.
    /// @throws IndexOutOfBoundsException if `id` is not in `0 … size()-1`
    String piece(int id);

    /// The id whose piece is exactly `piece`.
    OptionalInt id(String piece);

    /// One more than the largest id.
    int size();

    /// The tokens with a meaning of their own.
    SpecialTokens special();

    /// True for tokens that steer the model and are no text, such as begin and end of sequence.
    boolean isSpecial(int id);

    /// True if generation ends at `id`.
    default boolean isEndOfSequence(int id) {
        return special().eos().contains(id);
    }

    /// Gives back native memory; the tokenizer must not be used afterwards.
    @Override
    default void close() {
    }
}
