package dev.heddle.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Answers in pieces.
@ExtendWith(SharedModel.class)
class HeddleStreamingChatModelTest {
    /// Writes down what it is told, and cancels at a piece if it should.
    private static final class Recorder implements StreamingChatResponseHandler {
        private final int cancelAt;
        private final List<String> pieces = new CopyOnWriteArrayList<>();
        private final List<CompleteToolCall> calls = new CopyOnWriteArrayList<>();
        private final CompletableFuture<ChatResponse> end = new CompletableFuture<>();
        private final CompletableFuture<StreamingHandle> cancelled = new CompletableFuture<>();

        Recorder(int cancelAt) {
            this.cancelAt = cancelAt;
        }

        @Override
        public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
            pieces.add(piece.text());
            if (pieces.size() == cancelAt) {
                context.streamingHandle().cancel();
                cancelled.complete(context.streamingHandle());
            }
        }

        @Override
        public void onCompleteToolCall(CompleteToolCall call) {
            assertFalse(end.isDone());
            calls.add(call);
        }

        @Override
        public void onCompleteResponse(ChatResponse response) {
            end.complete(response);
        }

        @Override
        public void onError(Throwable error) {
            end.completeExceptionally(error);
        }

        ChatResponse response() throws Exception {
            return end.get(60, TimeUnit.SECONDS);
        }
    }

    private static ChatRequest ask(String text) {
        return ChatRequest.builder().messages(UserMessage.from(text)).build();
    }

    @Test
    void piecesAreTheWholeAnswer() throws Exception {
        try (HeddleChatModel whole = SharedModel.chat().temperature(0).maxOutputTokens(30).build();
                HeddleStreamingChatModel streaming = SharedModel.streaming().temperature(0).maxOutputTokens(30).build()) {
            Recorder recorder = new Recorder(-1);
            streaming.chat(ask("Tell me of the fox."), recorder);
            ChatResponse response = recorder.response();
            ChatResponse expected = whole.chat(ask("Tell me of the fox."));
            assertEquals(expected.aiMessage(), response.aiMessage());
            assertEquals(expected.tokenUsage(), response.tokenUsage());
            assertEquals(expected.finishReason(), response.finishReason());
            assertEquals(expected.aiMessage().text(), String.join("", recorder.pieces));
            assertTrue(recorder.pieces.size() > 3, recorder.pieces.toString());
        }
    }

    @Test
    void cancellingEndsTheAnswerAndFreesItsPlace() throws Exception {
        try (HeddleStreamingChatModel model = SharedModel.streaming().temperature(0).build()) {
            Recorder recorder = new Recorder(5);
            model.chat(ask("Tell me of the fox."), recorder);
            StreamingHandle handle = recorder.cancelled.get(60, TimeUnit.SECONDS);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (SharedModel.model().scheduler().counters().running() > 0 && System.nanoTime() < deadline) {
                Thread.sleep(5);
            }
            assertEquals(0, SharedModel.model().scheduler().counters().running());
            assertTrue(handle.isCancelled());
            handle.cancel();
            Thread.sleep(50);
            assertEquals(5, recorder.pieces.size());
            assertFalse(recorder.end.isDone());
        }
    }

    @Test
    void callsComeWholeBeforeTheEnd() throws Exception {
        ToolSpecification tool = ToolSpecification.builder().name("add").parameters(JsonObjectSchema.builder().addIntegerProperty("a")
                .addIntegerProperty("b").required("a", "b").build()).build();
        try (HeddleStreamingChatModel model = SharedModel.streaming().maxOutputTokens(150).build()) {
            Recorder recorder = new Recorder(-1);
            model.chat(ChatRequest.builder().messages(UserMessage.from("One and one?")).toolSpecifications(tool)
                    .toolChoice(ToolChoice.REQUIRED).build(), recorder);
            ChatResponse response = recorder.response();
            assertEquals(List.of(), recorder.pieces);
            assertEquals(1, recorder.calls.size());
            assertEquals(0, recorder.calls.getFirst().index());
            assertEquals(response.aiMessage().toolExecutionRequests(), List.of(recorder.calls.getFirst().toolExecutionRequest()));
        }
    }

    @Test
    void errorsGoToTheHandlerAndUnsupportedFeaturesToTheCaller() {
        try (HeddleStreamingChatModel model = SharedModel.streaming().build()) {
            Recorder recorder = new Recorder(-1);
            model.chat(ask("this will fail"), recorder);
            ExecutionException failure = assertThrows(ExecutionException.class, recorder::response);
            assertInstanceOf(InvalidRequestException.class, failure.getCause());
            assertThrows(UnsupportedFeatureException.class, () -> model.chat(ChatRequest.builder().messages(UserMessage.from(
                    ImageContent.from("https://example.org/cat.png"))).build(), new Recorder(-1)));
        }
    }
}
