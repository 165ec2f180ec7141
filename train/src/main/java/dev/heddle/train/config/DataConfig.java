package dev.heddle.train.config;

import dev.heddle.core.spec.Default;
import dev.heddle.core.spec.SpecException;
import java.util.Optional;

/// A corpus file and its part in the mixture.
///
/// @param file   text, JSONL or Parquet, see [dev.heddle.train.data.DocumentSource]
/// @param weight tokens from here in proportion to the other weights
/// @param chat   whether it is JSONL with conversations, of which only the assistant's answers are learnt
/// @param field  field or column with the text, for JSONL and Parquet; the list of messages in conversations
public record DataConfig(String file, @Default("1") double weight, @Default("false") boolean chat, Optional<String> field) {
    public DataConfig {
        if (!(weight > 0) || !Double.isFinite(weight)) {
            throw new SpecException("data.weight", "must be positive, not " + weight);
        }
    }

    /// [#field], or what it is usually called.
    public String fieldName() {
        return field.orElse(chat ? "messages" : "text");
    }
}
