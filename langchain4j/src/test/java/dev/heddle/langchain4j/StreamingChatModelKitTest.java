package dev.heddle.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// LangChain4j's own tests of a streaming chat model. Those that need a model that knows things or decides to call tools are
/// disabled; [HeddleStreamingChatModelTest] and [HeddleChatModelTest] have their mechanics.
@ExtendWith(SharedModel.class)
class StreamingChatModelKitTest extends AbstractStreamingChatModelIT {
    private static final String CLEVER = "needs a model that knows things; the bundled one tells stories";

    @Override
    protected List<StreamingChatModel> models() {
        return List.of(SharedModel.streaming().responseFormat(SharedModel.mouth()).build());
    }

    @Override
    protected StreamingChatModel createModelWith(ChatRequestParameters parameters) {
        return SharedModel.streaming().responseFormat(SharedModel.mouth()).defaultRequestParameters(parameters).build();
    }

    @Override
    public StreamingChatModel createModelWith(ChatModelListener listener) {
        return SharedModel.streaming().responseFormat(SharedModel.mouth()).listeners(listener).build();
    }

    /// That test waits 30 seconds for what must not come; [HeddleStreamingChatModelTest] cancels too.
    @Override
    protected boolean supportsStreamingCancellation() {
        return false;
    }

    /// Calls of tools come whole.
    @Override
    protected boolean supportsPartialToolStreaming(StreamingChatModel model) {
        return false;
    }

    @Override
    protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
        return ChatRequestParameters.builder().maxOutputTokens(maxOutputTokens).build();
    }

    @Override
    protected boolean supportsModelNameParameter() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsBase64EncodedString() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsPublicURL() {
        return false;
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_respect_system_message(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_respect_multiple_messages(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_execute_a_tool_then_answer(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_execute_a_tool_without_arguments_then_answer(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_execute_multiple_tools_in_parallel_then_answer(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_force_LLM_to_execute_any_tool(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_force_LLM_to_execute_specific_tool(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_respect_JSON_response_format(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_respect_JSON_response_format_with_schema(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_respect_JsonRawSchema_responseFormat(StreamingChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_execute_a_tool_then_answer_respecting_JSON_response_format_with_schema(StreamingChatModel model) {
    }
}
