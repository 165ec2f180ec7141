package dev.heddle.langchain4j;

import dev.heddle.Heddle;
import dev.heddle.HeddleModel;
import dev.heddle.engine.sampling.SamplingOptions;
import dev.heddle.engine.serve.SchedulerOptions;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ToolChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// What chat models, streaming or not, are built with. A model is needed: [#modelPath] or [#model]. All else defaults to what
/// the model's makers recommend (`generation_config.json`), then to Heddle's defaults.
///
/// @param <B> the builder itself
public abstract sealed class HeddleChatModelBuilder<B extends HeddleChatModelBuilder<B>> permits HeddleChatModel.Builder,
        HeddleStreamingChatModel.Builder {
    private final DefaultChatRequestParameters.Builder<?> own = DefaultChatRequestParameters.builder();
    private ChatRequestParameters parameters = DefaultChatRequestParameters.EMPTY;
    private Optional<HeddleModel> model = Optional.empty();
    private Optional<Path> modelPath = Optional.empty();
    private SchedulerOptions scheduling = SchedulerOptions.DEFAULT;
    private Optional<String> modelName = Optional.empty();
    private Optional<SamplingOptions> sampling = Optional.empty();
    private OptionalLong seed = OptionalLong.empty();
    private Optional<Duration> timeout = Optional.empty();
    private Map<String, Object> variables = Map.of();
    private List<ChatModelListener> listeners = List.of();

    abstract B self();

    /// A model that is loaded already and may serve others too; it stays open.
    public B model(HeddleModel loaded) {
        model = Optional.of(loaded);
        return self();
    }

    /// Loads the model in this folder or weight file; it is closed with the chat model.
    public B modelPath(Path fileOrFolder) {
        modelPath = Optional.of(fileOrFolder);
        return self();
    }

    /// What a model that is loaded here may use.
    public B scheduling(SchedulerOptions options) {
        scheduling = options;
        return self();
    }

    /// The name that responses and listeners see; otherwise that of the architecture.
    public B modelName(String name) {
        modelName = Optional.of(name);
        return self();
    }

    /// All of how tokens are chosen, min-p and the repetition penalty included; what the parameters below say goes first.
    public B sampling(SamplingOptions options) {
        sampling = Optional.of(options);
        return self();
    }

    public B temperature(double value) {
        own.temperature(value);
        return self();
    }

    public B topP(double value) {
        own.topP(value);
        return self();
    }

    public B topK(int value) {
        own.topK(value);
        return self();
    }

    public B presencePenalty(double value) {
        own.presencePenalty(value);
        return self();
    }

    public B frequencyPenalty(double value) {
        own.frequencyPenalty(value);
        return self();
    }

    public B maxOutputTokens(int tokens) {
        own.maxOutputTokens(tokens);
        return self();
    }

    /// Texts that end an answer and are not part of it.
    public B stopSequences(String... texts) {
        own.stopSequences(List.of(texts));
        return self();
    }

    public B toolSpecifications(ToolSpecification... tools) {
        own.toolSpecifications(List.of(tools));
        return self();
    }

    public B toolChoice(ToolChoice choice) {
        own.toolChoice(choice);
        return self();
    }

    public B responseFormat(ResponseFormat format) {
        own.responseFormat(format);
        return self();
    }

    /// Parameters for requests that leave them open; those set one by one go first.
    public B defaultRequestParameters(ChatRequestParameters defaults) {
        parameters = defaults;
        return self();
    }

    /// Makes the same request give the same answer.
    public B seed(long value) {
        seed = OptionalLong.of(value);
        return self();
    }

    /// How long an answer may take.
    public B timeout(Duration limit) {
        timeout = Optional.of(limit);
        return self();
    }

    /// Further variables for the chat template, such as `enable_thinking`: strings, numbers, booleans, maps, lists.
    public B templateVariables(Map<String, Object> values) {
        variables = values;
        return self();
    }

    public B listeners(ChatModelListener... all) {
        listeners = List.of(all);
        return self();
    }

    ChatSettings settings() {
        if (model.isPresent() == modelPath.isPresent()) {
            throw new IllegalArgumentException("a chat model needs either a model or the path of one");
        }
        HeddleModel chosen = model.orElseGet(() -> Heddle.load(modelPath.get(), scheduling));
        try {
            String name = modelName.orElse(chosen.spec().name());
            ChatCall.checkModelName(Optional.ofNullable(parameters.modelName()), name);
            ChatRequestParameters defaults = parameters.overrideWith(own.modelName(name).build());
            ChatSettings settings = new ChatSettings(chosen, modelPath.isPresent(), name, defaults,
                    sampling.orElse(chosen.defaults().sampling()), seed, timeout, variables, listeners);
            settings.sampling(defaults);
            ChatTools.check(settings, defaults.toolSpecifications());
            return settings;
        } catch (RuntimeException e) {
            if (modelPath.isPresent()) {
                chosen.close();
            }
            throw e;
        }
    }
}
