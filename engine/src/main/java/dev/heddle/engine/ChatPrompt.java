package dev.heddle.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The token ids that a conversation becomes: through the model's chat template, or, for a model without one, the texts
/// laid end to end for it to go on with.
public final class ChatPrompt {
    private ChatPrompt() {
    }

    /// @param tools     descriptions of the functions the model may call, as the OpenAI API has them
    /// @param variables further ones for the template
    /// @throws dev.heddle.checkpoint.template.TemplateException if the template refuses the conversation
    public static int[] of(Optional<ChatTemplate> template, Tokenizer tokenizer, List<Message> messages, List<? extends JsonNode> tools,
            Map<String, Object> variables) {
        if (template.isPresent()) {
            return tokenizer.encode(template.get().render(messages, tools, true, variables), false);
        }
        List<String> texts = messages.stream().map(message -> message.content() instanceof Message.Content.Text(String text) ? text : "")
                .filter(text -> !text.isEmpty()).toList();
        return tokenizer.encode(String.join("\n", texts), true);
    }
}
