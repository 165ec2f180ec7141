package dev.heddle.langchain4j;

import dev.heddle.checkpoint.template.Message;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Messages of LangChain4j as chat templates know them.
final class ChatMessages {
    private ChatMessages() {
    }

    /// @throws UnsupportedFeatureException if one is more than text
    static List<Message> of(List<ChatMessage> messages) {
        return messages.stream().map(ChatMessages::of).toList();
    }

    /// @throws UnsupportedFeatureException if it is more than text
    static Message of(ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> Message.system(system.text());
            case UserMessage user -> new Message("user", new Message.Content.Text(text(user.contents())), List.of(), Optional.empty(),
                    Optional.ofNullable(user.name()), Optional.empty());
            case AiMessage assistant -> assistant(assistant);
            case ToolExecutionResultMessage result -> new Message("tool", new Message.Content.Text(text(result.contents())), List.of(),
                    Optional.ofNullable(result.id()), Optional.ofNullable(result.toolName()), Optional.empty());
            default -> throw new UnsupportedFeatureException("messages of the type " + message.type() + " are not supported");
        };
    }

    private static Message assistant(AiMessage message) {
        if (!message.images().isEmpty()) {
            throw new UnsupportedFeatureException("image content is not supported: only text is understood");
        }
        List<Message.ToolCall> calls = message.toolExecutionRequests().stream().map(call -> Message.ToolCall.of(
                Optional.ofNullable(call.id()).orElse(""), call.name(), Optional.ofNullable(call.arguments()).orElse("{}"))).toList();
        return new Message("assistant", new Message.Content.Text(Optional.ofNullable(message.text()).orElse("")), calls, Optional.empty(),
                Optional.empty(), Optional.ofNullable(message.thinking()));
    }

    private static String text(List<Content> contents) {
        List<String> texts = new ArrayList<>();
        for (Content content : contents) {
            if (!(content instanceof TextContent part)) {
                throw new UnsupportedFeatureException(content.type().toString().toLowerCase(Locale.ROOT)
                        + " content is not supported: only text is understood");
            }
            texts.add(part.text());
        }
        return String.join("\n", texts);
    }
}
