package dev.heddle.langchain4j;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import org.junit.jupiter.api.extension.ExtendWith;

/// LangChain4j's own tests of what listeners hear of a chat model.
@ExtendWith(SharedModel.class)
class ChatModelListenerKitTest extends AbstractChatModelListenerIT {
    @Override
    protected ChatModel createModel(ChatModelListener listener) {
        return SharedModel.chat().modelName(modelName()).temperature(temperature()).topP(topP()).maxOutputTokens(maxTokens())
                .listeners(listener).build();
    }

    @Override
    protected String modelName() {
        return "story";
    }

    /// The template refuses what the test says.
    @Override
    protected ChatModel createFailingModel(ChatModelListener listener) {
        return SharedModel.chat().listeners(listener).build();
    }

    @Override
    protected Class<? extends Exception> expectedExceptionClass() {
        return InvalidRequestException.class;
    }
}
