package dev.heddle.checkpoint.tokenizer;

import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.BiConsumer;

/// Byte pair encoding as SentencePiece does it: starting from characters (and user-defined pieces, which never merge),
/// the neighbouring pair whose union has the best score is merged until no union is a piece; of equal scores the
/// leftmost counts. Pieces marked as unused take part and are taken apart again at the end.
final class SentencePieceBpe implements SentencePieceSegmenter {
    private final Map<String, Integer> pieces;
    private final SentencePieceModel model;
    private final PrefixTrie userDefined;
    private final int unknown;

    private record Pair(int left, int right, float score, int length) implements Comparable<Pair> {
        @Override
        public int compareTo(Pair other) {
            return score != other.score ? Float.compare(other.score, score) : Integer.compare(left, other.left);
        }
    }

    /// @param pieces ids of all pieces that text may become
    /// @param unknown the id for characters that are no piece
    SentencePieceBpe(SentencePieceModel model, Map<String, Integer> pieces, PrefixTrie userDefined, int unknown) {
        this.model = model;
        this.pieces = pieces;
        this.userDefined = userDefined;
        this.unknown = unknown;
    }

    @Override
    public void segment(String text, Output output) {
        new Merging(text).run((piece, id) -> output.accept(piece, id));
    }

    /// The symbols of one text, as a doubly linked list: symbol i spans `start[i] … end[i]`, empty once merged away.
    private final class Merging {
        final String text;
        final int[] start;
        final int[] end;
        final int[] previous;
        final int[] next;
        final boolean[] frozen;
        final PriorityQueue<Pair> agenda = new PriorityQueue<>();
        final Map<String, Integer> unusedSplits = new HashMap<>();
        int count;

        Merging(String text) {
            this.text = text;
            start = new int[text.length()];
            end = new int[text.length()];
            previous = new int[text.length()];
            next = new int[text.length()];
            frozen = new boolean[text.length()];
        }

        void run(BiConsumer<String, Integer> output) {
            for (int at = 0; at < text.length(); count++) {
                int stop = userDefined.longest(text, at);
                frozen[count] = stop > at;
                stop = frozen[count] ? stop : at + Character.charCount(text.codePointAt(at));
                start[count] = at;
                end[count] = stop;
                previous[count] = count - 1;
                next[count] = count + 1;
                at = stop;
            }
            if (count == 0) {
                return;
            }
            next[count - 1] = -1;
            for (int i = 1; i < count; i++) {
                consider(i - 1, i);
            }
            for (Pair top; (top = agenda.poll()) != null;) {
                int left = top.left;
                int right = top.right;
                boolean stale = start[left] == end[left] || start[right] == end[right]
                        || end[left] - start[left] + end[right] - start[right] != top.length;
                if (stale) {
                    continue;
                }
                end[left] = end[right];
                start[right] = end[right];
                next[left] = next[right];
                if (next[right] >= 0) {
                    previous[next[right]] = left;
                }
                consider(previous[left], left);
                consider(left, next[left]);
            }
            for (int i = 0; i != -1; i = next[i]) {
                emit(text.substring(start[i], end[i]), output);
            }
        }

        private void consider(int left, int right) {
            if (left == -1 || right == -1 || frozen[left] || frozen[right]) {
                return;
            }
            String union = text.substring(start[left], end[right]);
            Integer id = pieces.get(union);
            if (id == null) {
                return;
            }
            agenda.add(new Pair(left, right, model.pieces().get(id).score(), union.length()));
            if (model.pieces().get(id).type() == SentencePieceModel.Type.UNUSED) {
                unusedSplits.put(union, end[left] - start[left]);
            }
        }

        private void emit(String piece, BiConsumer<String, Integer> output) {
            Integer id = pieces.get(piece);
            Integer split = unusedSplits.get(piece);
            if (id != null && split != null && model.pieces().get(id).type() == SentencePieceModel.Type.UNUSED) {
                emit(piece.substring(0, split), output);
                emit(piece.substring(split), output);
            } else {
                output.accept(piece, id == null ? unknown : id);
            }
        }
    }
}
