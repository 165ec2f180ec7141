package dev.heddle.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// LangChain4j's OpenAI module.
@ExtendWith(TestServer.class)
class LangChain4jTest {
    private static OpenAiChatModel model(String name, int tokens) {
        return OpenAiChatModel.builder().baseUrl(TestServer.url() + "/v1").apiKey("none").modelName(name).temperature(0.0).seed(1)
                .maxCompletionTokens(tokens).maxRetries(0).strictJsonSchema(true).build();
    }

    @Test
    void answersAndStreams() throws Exception {
        String text = model("chat", 10).chat("Tell a story.");
        assertFalse(text.isBlank());
        OpenAiStreamingChatModel streaming = OpenAiStreamingChatModel.builder().baseUrl(TestServer.url() + "/v1").apiKey("none").modelName("chat")
                .temperature(0.0).maxCompletionTokens(10).build();
        StringBuilder streamed = new StringBuilder();
        CompletableFuture<ChatResponse> end = new CompletableFuture<>();
        streaming.chat("Tell a story.", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                streamed.append(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                end.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                end.completeExceptionally(error);
            }
        });
        ChatResponse response = end.get(30, TimeUnit.SECONDS);
        assertEquals(text, streamed.toString());
        assertEquals(10, response.tokenUsage().outputTokenCount());
        assertEquals(FinishReason.LENGTH, response.finishReason());
    }

    @Test
    void toolsAndSchemas() throws IOException {
        JsonObjectSchema schema = JsonObjectSchema.builder().addIntegerProperty("a").addEnumProperty("op", List.of("plus", "minus"))
                .required("a", "op").build();
        ToolSpecification tool = ToolSpecification.builder().name("calculate").description("Calculates.").parameters(schema).build();
        ChatResponse called = model("chat", 120).chat(ChatRequest.builder().messages(UserMessage.from("One plus one?")).toolSpecifications(tool)
                .toolChoice(ToolChoice.REQUIRED).build());
        ToolExecutionRequest request = called.aiMessage().toolExecutionRequests().getFirst();
        assertEquals("calculate", request.name());
        JsonNode arguments = new ObjectMapper().readTree(request.arguments());
        assertTrue(arguments.get("a").isIntegralNumber(), request.arguments());
        assertTrue(List.of("plus", "minus").contains(arguments.get("op").asText()));

        ChatResponse shaped = model("chat", 120).chat(ChatRequest.builder().messages(UserMessage.from("One plus one?")).responseFormat(
                ResponseFormat.builder().type(ResponseFormatType.JSON).jsonSchema(JsonSchema.builder().name("sum").rootElement(schema).build()).build()).build());
        assertTrue(new ObjectMapper().readTree(shaped.aiMessage().text()).get("a").isIntegralNumber(), shaped.aiMessage().text());
    }

    @Test
    void errors() {
        assertThrows(ModelNotFoundException.class, () -> model("gpt-9", 5).chat("x"));
        assertThrows(InvalidRequestException.class, () -> model("story", 5).chat(ChatRequest.builder().messages(UserMessage.from("x"))
                .toolSpecifications(ToolSpecification.builder().name("f").build()).build()));
    }
}
