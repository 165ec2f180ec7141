package dev.heddle.train.tokenizer;

import dev.heddle.train.tokenizer.PieceCounts.Counted;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.IntConsumer;

/// Byte pair encoding (Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units") over bytes:
/// the pair of neighbouring tokens that occurs most often becomes a token, again and again. Of several pairs that occur
/// equally often the one with the smaller left id is taken, then the one with the smaller right id.
///
/// Pair counts are kept up to date: a merge visits only the pieces that hold its pair. A queue orders the pairs by the
/// counts they had when they were put in; counts that have fallen since are noticed when their pair comes up.
///
/// Not safe for use by several threads at a time.
final class BytePairMerges {
    /// Two tokens that become one.
    record Merge(String left, String right) {
    }

    private record Candidate(long count, int left, int right) {
        private static final Comparator<Candidate> BEST_FIRST = Comparator.comparingLong(Candidate::count).reversed()
                .thenComparingInt(Candidate::left).thenComparingInt(Candidate::right);
    }

    /// A pair's count, and the pieces that held it at some time.
    private static final class Occurrences {
        private long count;
        private int[] pieces = new int[4];
        private int size;

        private void add(int piece) {
            if (size > 0 && pieces[size - 1] == piece) {
                return;
            }
            if (size == pieces.length) {
                pieces = Arrays.copyOf(pieces, 2 * size);
            }
            pieces[size++] = piece;
        }
    }

    private final List<String> tokens;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Set<Merge> merges = new LinkedHashSet<>();
    private final int specials;
    private final int[][] pieces;
    private final long[] counts;
    private final Map<Long, Occurrences> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(Candidate.BEST_FIRST);

    /// @param special tokens that come first in the vocabulary; the 256 bytes follow in the order of their characters
    BytePairMerges(List<Counted> counted, List<String> special) {
        tokens = new ArrayList<>(special);
        specials = special.size();
        char[] alphabet = new char[256];
        for (int b = 0; b < 256; b++) {
            alphabet[b] = ByteAlphabet.character(b);
        }
        Arrays.sort(alphabet);
        for (char c : alphabet) {
            tokens.add(String.valueOf(c));
        }
        for (int id = 0; id < tokens.size(); id++) {
            ids.put(tokens.get(id), id);
        }
        pieces = new int[counted.size()][];
        counts = new long[counted.size()];
        for (int p = 0; p < pieces.length; p++) {
            byte[] utf8 = counted.get(p).piece().getBytes(StandardCharsets.UTF_8);
            pieces[p] = new int[utf8.length];
            for (int i = 0; i < utf8.length; i++) {
                pieces[p][i] = ids.get(String.valueOf(ByteAlphabet.character(utf8[i] & 0xff)));
            }
            counts[p] = counted.get(p).count();
            for (int i = 0; i + 1 < utf8.length; i++) {
                Occurrences pair = pairs.computeIfAbsent(key(pieces[p][i], pieces[p][i + 1]), _ -> new Occurrences());
                pair.count += counts[p];
                pair.add(p);
            }
        }
        pairs.forEach((key, pair) -> queue.add(candidate(key, pair.count)));
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }

    private static Candidate candidate(long key, long count) {
        return new Candidate(count, (int) (key >>> 32), (int) key);
    }

    /// Merges until there are `vocabulary` tokens or no pair occurs `least` times.
    ///
    /// @param progress hears of the vocabulary's size after each merge
    void run(int vocabulary, long least, IntConsumer progress) {
        while (tokens.size() < vocabulary && !queue.isEmpty()) {
            Candidate best = queue.poll();
            Occurrences pair = pairs.get(key(best.left(), best.right()));
            if (pair == null || pair.count > best.count()) {
                // gone, or queued again with its larger count
                continue;
            }
            if (pair.count < best.count()) {
                if (pair.count >= least) {
                    queue.add(new Candidate(pair.count, best.left(), best.right()));
                }
                continue;
            }
            if (pair.count < least) {
                return;
            }
            merge(best.left(), best.right(), pair);
            progress.accept(tokens.size());
        }
    }

    private void merge(int left, int right, Occurrences pair) {
        String text = tokens.get(left) + tokens.get(right);
        if (ids.getOrDefault(text, specials) < specials) {
            // an encoder finds the special token first
            return;
        }
        merges.add(new Merge(tokens.get(left), tokens.get(right)));
        // two ways of merging may spell the same token
        int merged = ids.computeIfAbsent(text, _ -> {
            tokens.add(text);
            return tokens.size() - 1;
        });
        Set<Long> grown = new HashSet<>();
        for (int i = 0; i < pair.size; i++) {
            int piece = pair.pieces[i];
            int[] before = pieces[piece];
            int[] after = replaced(before, left, right, merged);
            if (after.length == before.length) {
                continue;
            }
            for (int j = 0; j + 1 < before.length; j++) {
                pairs.get(key(before[j], before[j + 1])).count -= counts[piece];
            }
            for (int j = 0; j + 1 < after.length; j++) {
                long key = key(after[j], after[j + 1]);
                boolean fresh = after[j] == merged || after[j + 1] == merged;
                Occurrences neighbours = fresh ? pairs.computeIfAbsent(key, _ -> new Occurrences()) : pairs.get(key);
                neighbours.count += counts[piece];
                if (fresh) {
                    neighbours.add(piece);
                    grown.add(key);
                }
            }
            pieces[piece] = after;
        }
        pairs.remove(key(left, right));
        for (long key : grown) {
            Occurrences neighbours = pairs.get(key);
            if (neighbours != null) {
                queue.add(candidate(key, neighbours.count));
            }
        }
    }

    /// `piece` with each `left` `right`, from its beginning on, as `merged`.
    private static int[] replaced(int[] piece, int left, int right, int merged) {
        int[] result = new int[piece.length];
        int size = 0;
        for (int i = 0; i < piece.length; i++) {
            boolean here = piece[i] == left && i + 1 < piece.length && piece[i + 1] == right;
            result[size++] = here ? merged : piece[i];
            i += here ? 1 : 0;
        }
        return size == piece.length ? piece : Arrays.copyOf(result, size);
    }

    /// The vocabulary, each token at its id, bytes as in [ByteAlphabet].
    List<String> tokens() {
        return List.copyOf(tokens);
    }

    /// The merges in the order in which they apply.
    List<Merge> merges() {
        return List.copyOf(merges);
    }
}
