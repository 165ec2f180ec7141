package dev.heddle.train.data;

/// A conversation as the model reads it, and which of its tokens the assistant says.
///
/// @param ids    token ids
/// @param answer whether each is to be learnt
public record Conversation(int[] ids, boolean[] answer) {
    public Conversation {
        if (ids.length != answer.length) {
            throw new IllegalArgumentException(ids.length + " ids, but " + answer.length + " marks");
        }
    }

    /// Tokens to be learnt.
    public int answers() {
        int count = 0;
        for (boolean one : answer) {
            count += one ? 1 : 0;
        }
        return count;
    }
}
