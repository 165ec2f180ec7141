package dev.heddle.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.engine.serve.GeneratedToken;
import dev.heddle.engine.serve.TokenLogprob;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// How likely the model held its tokens, in the two forms of the OpenAI API.
final class TokenProbabilities {
    /// JSON has no −∞; the API uses this number.
    private static final double IMPOSSIBLE = -9999;

    private TokenProbabilities() {
    }

    /// `{"content": [{"token", "logprob", "bytes", "top_logprobs"}]}` of chat completions.
    static ObjectNode chat(List<GeneratedToken> tokens, Tokenizer tokenizer) {
        ObjectNode logprobs = Json.object();
        ArrayNode content = logprobs.putArray("content");
        for (GeneratedToken token : tokens) {
            ObjectNode entry = content.addObject();
            put(entry, token.id(), token.logprob().orElse(IMPOSSIBLE), tokenizer);
            ArrayNode top = entry.putArray("top_logprobs");
            for (TokenLogprob alternative : token.alternatives()) {
                put(top.addObject(), alternative.id(), alternative.logprob(), tokenizer);
            }
        }
        return logprobs;
    }

    private static void put(ObjectNode entry, int id, double logprob, Tokenizer tokenizer) {
        String text = tokenizer.decode(new int[] {id}, false);
        entry.put("token", text).put("logprob", Math.max(IMPOSSIBLE, logprob));
        ArrayNode bytes = entry.putArray("bytes");
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            bytes.add(b & 0xFF);
        }
    }

    /// `{"tokens", "token_logprobs", "top_logprobs", "text_offset"}` of completions.
    ///
    /// @param offset where the first token's text begins
    static ObjectNode completion(List<GeneratedToken> tokens, Tokenizer tokenizer, int offset) {
        ObjectNode logprobs = Json.object();
        ArrayNode names = logprobs.putArray("tokens");
        ArrayNode values = logprobs.putArray("token_logprobs");
        ArrayNode tops = logprobs.putArray("top_logprobs");
        ArrayNode offsets = logprobs.putArray("text_offset");
        int at = offset;
        for (GeneratedToken token : tokens) {
            String text = tokenizer.decode(new int[] {token.id()}, false);
            names.add(text);
            values.add(Math.max(IMPOSSIBLE, token.logprob().orElse(IMPOSSIBLE)));
            ObjectNode top = tops.addObject();
            for (TokenLogprob alternative : token.alternatives()) {
                top.put(tokenizer.decode(new int[] {alternative.id()}, false), Math.max(IMPOSSIBLE, alternative.logprob()));
            }
            offsets.add(at);
            at += text.length();
        }
        return logprobs;
    }
}
