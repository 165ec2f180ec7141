package dev.heddle.checkpoint.tokenizer;

import java.util.Arrays;

/// The unigram language model (Kudo 2018, <https://arxiv.org/abs/1804.10959>): of all ways to cut the text into pieces
/// the one with the greatest sum of log probabilities, found by the Viterbi algorithm. A character that is no piece
/// costs ten more than the least likely piece; a user-defined piece always wins.
final class SentencePieceUnigram implements SentencePieceSegmenter {
    private static final float UNKNOWN_PENALTY = 10;

    private final SentencePieceModel model;
    private final PrefixTrie pieces;
    private final int unknown;
    private final float unknownScore;
    private final float maxScore;

    /// @param pieces all pieces that text may become, with their ids
    /// @param unknown the id for characters that are no piece
    SentencePieceUnigram(SentencePieceModel model, PrefixTrie pieces, int unknown) {
        this.model = model;
        this.pieces = pieces;
        this.unknown = unknown;
        float min = Float.MAX_VALUE;
        float max = -Float.MAX_VALUE;
        for (SentencePieceModel.Piece piece : model.pieces()) {
            if (piece.type() == SentencePieceModel.Type.NORMAL) {
                min = Math.min(min, piece.score());
                max = Math.max(max, piece.score());
            }
        }
        unknownScore = min - UNKNOWN_PENALTY;
        maxScore = max;
    }

    @Override
    public void segment(String text, Output output) {
        int length = text.length();
        // of the best cut of text[0, i): its score, its last piece's id and start
        float[] best = new float[length + 1];
        int[] last = new int[length + 1];
        int[] start = new int[length + 1];
        Arrays.fill(start, -1);
        for (int at = 0, step; at < length; at += step) {
            step = Character.charCount(text.codePointAt(at));
            boolean covered = false;
            int node = PrefixTrie.ROOT;
            // the bonus of user-defined pieces counts bytes of UTF-8
            int bytes = 0;
            for (int end = at; end < length;) {
                char c = text.charAt(end++);
                bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
                node = pieces.child(node, c);
                if (node == PrefixTrie.NONE) {
                    break;
                }
                int id = pieces.value(node);
                if (id == PrefixTrie.NONE || model.pieces().get(id).type() == SentencePieceModel.Type.UNUSED) {
                    continue;
                }
                double score = model.pieces().get(id).type() == SentencePieceModel.Type.USER_DEFINED
                        ? bytes * maxScore - 0.1 : model.pieces().get(id).score();
                offer(best, last, start, at, end, id, score);
                covered |= end - at == step;
            }
            if (!covered) {
                offer(best, last, start, at, at + step, unknown, unknownScore);
            }
        }
        int[] ends = new int[length];
        int count = 0;
        for (int end = length; end > 0; end = start[end]) {
            ends[count++] = end;
        }
        while (count-- > 0) {
            int end = ends[count];
            output.accept(text.substring(start[end], end), last[end]);
        }
    }

    private static void offer(float[] best, int[] last, int[] start, int at, int end, int id, double score) {
        double total = score + best[at];
        if (start[end] == -1 || total > best[end]) {
            best[end] = (float) total;
            last[end] = id;
            start[end] = at;
        }
    }
}
