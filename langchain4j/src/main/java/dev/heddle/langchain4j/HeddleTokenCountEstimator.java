package dev.heddle.langchain4j;

import dev.heddle.HeddleModel;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.template.TemplateException;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.engine.ChatPrompt;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.model.TokenCountEstimator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Counts tokens with the model's own tokenizer. A conversation counts as the chat model's whole prompt does, marks of the
/// template and the beginning of the answer included; a template that refuses to begin so (with an assistant's message, say)
/// leaves the sum over the messages. A message counts as the template writes it alone, or as its text where the template
/// refuses that.
///
/// It needs no weights: with [Builder#modelPath] it reads the tokenizer and the template only.
public final class HeddleTokenCountEstimator implements TokenCountEstimator, AutoCloseable {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final boolean owned;

    private HeddleTokenCountEstimator(Tokenizer tokenizer, Optional<ChatTemplate> template, boolean owned) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.owned = owned;
    }

    public static Builder builder() {
        return new Builder();
    }

    /// Whose tokens to count.
    public static final class Builder {
        private Optional<HeddleModel> model = Optional.empty();
        private Optional<Path> modelPath = Optional.empty();

        private Builder() {
        }

        /// A model that is loaded already; it must stay open.
        public Builder model(HeddleModel loaded) {
            model = Optional.of(loaded);
            return this;
        }

        /// The model in this folder or GGUF file.
        public Builder modelPath(Path fileOrFolder) {
            modelPath = Optional.of(fileOrFolder);
            return this;
        }

        /// @throws dev.heddle.checkpoint.CheckpointException if the tokenizer cannot be read
        public HeddleTokenCountEstimator build() {
            if (model.isPresent() == modelPath.isPresent()) {
                throw new IllegalArgumentException("a token count estimator needs either a model or the path of one");
            }
            if (model.isPresent()) {
                return new HeddleTokenCountEstimator(model.get().tokenizer(), model.get().template(), false);
            }
            Optional<ChatTemplate> template = ChatTemplate.load(modelPath.get());
            return new HeddleTokenCountEstimator(Tokenizers.load(modelPath.get()), template, true);
        }
    }

    @Override
    public int estimateTokenCountInText(String text) {
        return tokenizer.encode(text, false).length;
    }

    @Override
    public int estimateTokenCountInMessage(ChatMessage message) {
        return count(ChatMessages.of(message));
    }

    private int count(Message message) {
        if (template.isPresent()) {
            try {
                return estimateTokenCountInText(template.get().render(List.of(message), List.of(), false, Map.of()));
            } catch (TemplateException e) {
                // the template knows such a message only within a conversation
            }
        }
        return message.content() instanceof Message.Content.Text(String text) ? estimateTokenCountInText(text) : 0;
    }

    @Override
    public int estimateTokenCountInMessages(Iterable<ChatMessage> messages) {
        List<Message> conversation = new ArrayList<>();
        messages.forEach(message -> conversation.add(ChatMessages.of(message)));
        if (conversation.isEmpty()) {
            return 0;
        }
        try {
            return ChatPrompt.of(template, tokenizer, conversation, List.of(), Map.of()).length;
        } catch (TemplateException e) {
            return conversation.stream().mapToInt(this::count).sum();
        }
    }

    @Override
    public void close() {
        if (owned) {
            tokenizer.close();
        }
    }
}
