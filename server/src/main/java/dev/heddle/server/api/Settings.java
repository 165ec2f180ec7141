package dev.heddle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.engine.sampling.SamplingOptions;
import dev.heddle.engine.serve.GenerationRequest;
import dev.heddle.server.http.ApiException;
import dev.heddle.server.model.ServedModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/// How a request wants its answers made. What it leaves open comes from the model's `generation_config.json`, then from
/// Heddle's defaults.
///
/// @param choices   answers to the same prompt; the seed of the i-th is i more
/// @param stop      texts that end an answer and are not part of it
/// @param logprobs  alternatives to report for each token; −1 for nothing
/// @param ignoreEnd whether to go on past the model's end-of-sequence tokens
record Settings(SamplingOptions sampling, long seed, int choices, int maxTokens, List<String> stop, Map<Integer, Float> logitBias,
        int logprobs, boolean ignoreEnd, boolean stream, boolean streamUsage, String user) {
    private static final int MAX_CHOICES = 16;
    private static final int MAX_STOPS = 16;
    private static final int MAX_STOP_LENGTH = 1000;
    private static final int MAX_BIAS = 1024;
    static final int MAX_ALTERNATIVES = 20;
    /// A share so small that it keeps one token: what a top-p of 0 means to those who send it.
    private static final double LEAST = 1e-6;

    static Settings of(Fields fields, ServedModel model, int logprobs, int maxTokensUnasked) {
        SamplingOptions own = model.defaults().sampling();
        SamplingOptions sampling = new SamplingOptions(fields.number("temperature", 0, 100).orElse(own.temperature()),
                fields.whole("top_k", 0, Integer.MAX_VALUE).map(Long::intValue).orElse(own.topK()),
                fields.number("top_p", 0, 1).map(p -> Math.max(p, LEAST)).orElse(own.topP()),
                fields.number("min_p", 0, 1 - LEAST).orElse(own.minP()),
                fields.number("repetition_penalty", LEAST, 100).or(() -> fields.number("repeat_penalty", LEAST, 100))
                        .orElse(own.repeatPenalty()),
                fields.number("presence_penalty", -2, 2).orElse(own.presencePenalty()),
                fields.number("frequency_penalty", -2, 2).orElse(own.frequencyPenalty()),
                fields.whole("repeat_last_n", -1, Integer.MAX_VALUE).map(Long::intValue).orElse(own.repeatLastN()));
        List<String> stop = fields.texts("stop", MAX_STOPS);
        for (String text : stop) {
            if (text.isEmpty() || text.length() > MAX_STOP_LENGTH) {
                throw ApiException.invalid("stop", "a stop text must have 1 to " + MAX_STOP_LENGTH + " characters");
            }
        }
        Optional<Long> most = fields.whole("max_completion_tokens", 0, Integer.MAX_VALUE).or(() -> fields.whole("max_tokens", 0,
                Integer.MAX_VALUE));
        boolean stream = fields.flag("stream");
        boolean usage = fields.object("stream_options").map(options -> options.flag("include_usage")).orElse(false);
        return new Settings(sampling, fields.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE).orElseGet(ThreadLocalRandom.current()::nextLong),
                fields.whole("n", 1, MAX_CHOICES).map(Long::intValue).orElse(1),
                most.map(Long::intValue).orElse(model.defaults().maxTokens().orElse(maxTokensUnasked)),
                Stream.concat(stop.stream(), model.defaults().stop().stream()).distinct().toList(), bias(fields, model), logprobs,
                fields.flag("ignore_eos"), stream, usage, fields.text("user").orElse(""));
    }

    private static Map<Integer, Float> bias(Fields fields, ServedModel model) {
        Map<Integer, Float> bias = new HashMap<>();
        Optional<Fields> object = fields.object("logit_bias");
        if (object.isEmpty()) {
            return bias;
        }
        if (object.get().node().size() > MAX_BIAS) {
            throw ApiException.invalid("logit_bias", "logit_bias has more than " + MAX_BIAS + " entries");
        }
        for (Map.Entry<String, JsonNode> entry : object.get().node().properties()) {
            int vocabulary = model.language().spec().vocabulary();
            String id = entry.getKey();
            if (!id.matches("\\d{1,8}") || Integer.parseInt(id) >= vocabulary) {
                throw ApiException.invalid("logit_bias", "logit_bias names tokens by their id, 0 to " + (vocabulary - 1));
            }
            double value = entry.getValue().isNumber() ? entry.getValue().doubleValue() : Double.NaN;
            if (!(value >= -100 && value <= 100)) {
                throw ApiException.invalid("logit_bias", "a logit bias must be a number from -100 to 100");
            }
            // as OpenAI has it, −100 bans a token
            bias.put(Integer.parseInt(id), value == -100 ? Float.NEGATIVE_INFINITY : (float) value);
        }
        return bias;
    }

    /// The request for the i-th answer to `prompt`.
    GenerationRequest request(int[] prompt, int i, ServedModel model, String client) {
        return GenerationRequest.of(prompt).withSampling(sampling, seed + i).withMaxTokens(maxTokens)
                .withStopIds(ignoreEnd ? Set.of() : model.ends()).withLogitBias(logitBias).withLogprobs(logprobs)
                .withClient(client + "/" + user);
    }
}
