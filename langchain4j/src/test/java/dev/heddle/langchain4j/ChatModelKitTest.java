package dev.heddle.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// LangChain4j's own tests of a chat model. Those that need a model that knows things or decides to call tools are
/// disabled; [HeddleChatModelTest] has their mechanics.
@ExtendWith(SharedModel.class)
class ChatModelKitTest extends AbstractChatModelIT {
    private static final String CLEVER = "needs a model that knows things; the bundled one tells stories";

    @Override
    protected List<ChatModel> models() {
        return List.of(SharedModel.chat().responseFormat(SharedModel.mouth()).build());
    }

    @Override
    protected ChatModel createModelWith(ChatRequestParameters parameters) {
        return SharedModel.chat().responseFormat(SharedModel.mouth()).defaultRequestParameters(parameters).build();
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
    protected void should_respect_system_message(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_respect_multiple_messages(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_execute_a_tool_then_answer(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_execute_a_tool_without_arguments_then_answer(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_execute_multiple_tools_in_parallel_then_answer(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_force_LLM_to_execute_any_tool(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_force_LLM_to_execute_specific_tool(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_respect_JSON_response_format(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_respect_JSON_response_format_with_schema(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_respect_JsonRawSchema_responseFormat(ChatModel model) {
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    @Disabled(CLEVER)
    protected void should_execute_a_tool_then_answer_respecting_JSON_response_format_with_schema(ChatModel model) {
    }
}
