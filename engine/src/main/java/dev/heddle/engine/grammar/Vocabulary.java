package dev.heddle.engine.grammar;

import dev.heddle.checkpoint.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

/// A tokenizer's tokens as bytes, in the order of their bytes, so that tokens that begin alike are tried together.
/// Immutable, and good for any number of constraints.
public final class Vocabulary {
    private final byte[][] bytes;
    private final int[] order;
    private final int[] common;
    private final int longest;
    private final ByteSet singles;

    private Vocabulary(byte[][] bytes) {
        this.bytes = bytes;
        order = IntStream.range(0, bytes.length).filter(id -> bytes[id].length > 0).boxed()
                .sorted(Comparator.comparing((Integer id) -> bytes[id], Arrays::compareUnsigned)).mapToInt(Integer::intValue).toArray();
        common = new int[order.length];
        ByteSet single = ByteSet.NONE;
        int most = 0;
        for (int i = 0; i < order.length; i++) {
            byte[] own = bytes[order[i]];
            if (i > 0) {
                int differs = Arrays.mismatch(bytes[order[i - 1]], own);
                common[i] = differs < 0 ? own.length : differs;
            }
            most = Math.max(most, own.length);
            if (own.length == 1) {
                single = single.with(own[0] & 0xFF);
            }
        }
        longest = most;
        singles = single;
    }

    public static Vocabulary of(Tokenizer tokenizer) {
        return new Vocabulary(TokenBytes.of(tokenizer));
    }

    static Vocabulary of(byte[][] bytes) {
        return new Vocabulary(bytes);
    }

    /// Ids it knows: 0 to this, exclusively.
    int size() {
        return bytes.length;
    }

    byte[] bytes(int id) {
        return id < bytes.length ? bytes[id] : new byte[0];
    }

    /// Bytes that are tokens of their own.
    ByteSet singles() {
        return singles;
    }

    /// One bit for each token with which a text of `language` may begin.
    long[] allowed(Language language, Grammar grammar) {
        long[] allowed = new long[(bytes.length + 63) / 64];
        Language[] reached = new Language[longest + 1];
        reached[0] = language;
        // bytes that the last token shares with all that cannot follow either
        int dead = Integer.MAX_VALUE;
        for (int i = 0; i < order.length; i++) {
            if (common[i] > dead) {
                continue;
            }
            byte[] own = bytes[order[i]];
            dead = Integer.MAX_VALUE;
            for (int at = common[i]; at < own.length; at++) {
                reached[at + 1] = reached[at].after(own[at] & 0xFF, grammar);
                if (reached[at + 1].isNothing()) {
                    dead = at;
                    break;
                }
            }
            if (dead == Integer.MAX_VALUE) {
                allowed[order[i] >> 6] |= 1L << order[i];
            }
        }
        for (int id : grammarTokens(language, grammar)) {
            if (id >= 0 && id < bytes.length) {
                allowed[id >> 6] |= 1L << id;
            }
        }
        return allowed;
    }

    private static Set<Integer> grammarTokens(Language language, Grammar grammar) {
        Set<Integer> ids = new HashSet<>();
        language.tokens(grammar, ids);
        return ids;
    }
}
