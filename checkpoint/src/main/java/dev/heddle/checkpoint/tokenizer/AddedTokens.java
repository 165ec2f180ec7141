package dev.heddle.checkpoint.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;

/// Tokens whose exact text is found before anything else is tokenized: special ones, and those added to a vocabulary
/// after its training. Of several that begin at one place the longest counts.
final class AddedTokens {
    /// @param special true if it steers the model and is no text
    record Added(int id, String content, boolean special) {
    }

    private final PrefixTrie trie = new PrefixTrie();
    private final Map<Integer, Added> byId = new HashMap<>();
    private final Map<String, Added> byContent = new HashMap<>();

    AddedTokens(List<Added> tokens) {
        for (Added token : tokens) {
            if (!token.content.isEmpty()) {
                trie.put(token.content, token.id);
                byContent.put(token.content, token);
            }
            byId.put(token.id, token);
        }
    }

    /// The token with this id, or `null` if it is none of them.
    Added byId(int id) {
        return byId.get(id);
    }

    OptionalInt id(String content) {
        Added token = byContent.get(content);
        return token == null ? OptionalInt.empty() : OptionalInt.of(token.id);
    }

    int size() {
        return byId.keySet().stream().mapToInt(id -> id + 1).max().orElse(0);
    }

    boolean startsWithOne(String text) {
        return trie.longest(text, 0) > 0;
    }

    /// Encodes `text`: these tokens as themselves, the stretches between them with `rest`.
    int[] split(String text, Function<String, int[]> rest) {
        List<int[]> parts = new ArrayList<>();
        int from = 0;
        for (int at = 0; at < text.length();) {
            int end = trie.longest(text, at);
            if (end == at) {
                at++;
                continue;
            }
            if (from < at) {
                parts.add(rest.apply(text.substring(from, at)));
            }
            parts.add(new int[] {byContent.get(text.substring(at, end)).id});
            at = end;
            from = end;
        }
        if (from < text.length()) {
            parts.add(rest.apply(text.substring(from)));
        }
        return join(parts);
    }

    private static int[] join(List<int[]> parts) {
        int[] all = new int[parts.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (int[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }
}
