package dev.heddle.train.config;

import dev.heddle.core.spec.Default;
import dev.heddle.core.spec.SpecException;

/// A corpus file and its part in the mixture.
///
/// @param file   text, JSONL or Parquet, see [dev.heddle.train.data.DocumentSource]
/// @param weight tokens from here in proportion to the other weights
/// @param field  field or column with the text, for JSONL and Parquet
public record DataConfig(String file, @Default("1") double weight, @Default("text") String field) {
    public DataConfig {
        if (!(weight > 0) || !Double.isFinite(weight)) {
            throw new SpecException("data.weight", "must be positive, not " + weight);
        }
    }
}
