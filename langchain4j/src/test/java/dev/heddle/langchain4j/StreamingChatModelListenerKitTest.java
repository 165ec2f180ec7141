package dev.heddle.langchain4j;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import org.junit.jupiter.api.extension.ExtendWith;

/// LangChain4j's own tests of what listeners hear of a streaming chat model.
@ExtendWith(SharedModel.class)
class StreamingChatModelListenerKitTest extends AbstractStreamingChatModelListenerIT {
    @Override
    protected StreamingChatModel createModel(ChatModelListener listener) {
        return SharedModel.streaming().modelName(modelName()).temperature(temperature()).topP(topP()).maxOutputTokens(maxTokens())
                .listeners(listener).build();
    }

    @Override
    protected String modelName() {
        return "story";
    }

    /// The template refuses what the test says.
    @Override
    protected StreamingChatModel createFailingModel(ChatModelListener listener) {
        return SharedModel.streaming().listeners(listener).build();
    }

    @Override
    protected Class<? extends Exception> expectedExceptionClass() {
        return InvalidRequestException.class;
    }
}
