package dev.heddle.train.tokenizer;

import dev.heddle.train.data.DataException;
import dev.heddle.train.data.DocumentSource;
import java.util.List;

/// Trains a byte-level byte pair encoding: counts the pieces of a corpus, then merges. The same corpus gives the same
/// tokenizer, in whatever order its documents come.
public final class TokenizerTraining {
    /// Hears how it goes.
    public interface Listener {
        /// Characters of the corpus read so far, and different pieces found in them.
        void reading(String corpus, long characters, int pieces);

        /// Size of the vocabulary after a merge.
        void merged(int vocabulary, int wanted);
    }

    private TokenizerTraining() {
    }

    /// A tokenizer of at most `vocabulary` tokens; fewer if no pair occurs `leastCount` times any more.
    ///
    /// @throws DataException if a corpus is unreadable, all of them hold no text, or the vocabulary is too small
    public static TrainedTokenizer train(List<DocumentSource> corpora, int vocabulary, SpecialNames special, long leastCount,
            Listener listener) {
        int smallest = special.all().size() + 256;
        if (vocabulary < smallest) {
            throw new DataException("a vocabulary of " + vocabulary + " is too small: 256 bytes and " + special.all().size()
                    + " special tokens need " + smallest);
        }
        if (leastCount < 1) {
            throw new DataException("a pair must occur at least once to be merged, not " + leastCount + " times");
        }
        PieceCounts counts = new PieceCounts(special.all());
        for (DocumentSource corpus : corpora) {
            corpus.forEach(document -> {
                counts.add(document);
                listener.reading(corpus.file().toString(), counts.characters(), counts.size());
            });
        }
        if (counts.size() == 0) {
            throw new DataException(corpora.stream().map(corpus -> corpus.file().toString()).toList() + ": no text to learn from");
        }
        BytePairMerges merges = new BytePairMerges(counts.counted(), special.all());
        merges.run(vocabulary, leastCount, size -> listener.merged(size, vocabulary));
        return new TrainedTokenizer(special, merges.tokens(), merges.merges());
    }
}
