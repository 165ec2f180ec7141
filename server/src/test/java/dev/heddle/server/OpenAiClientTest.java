package dev.heddle.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.chat.completions.StructuredChatCompletion;
import com.openai.models.chat.completions.StructuredChatCompletionCreateParams;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// OpenAI's own client for Java.
@ExtendWith(TestServer.class)
class OpenAiClientTest {
    private static OpenAIClient client;

    @BeforeAll
    static void connect() {
        client = OpenAIOkHttpClient.builder().baseUrl(TestServer.url() + "/v1").apiKey("none").maxRetries(0).build();
    }

    @AfterAll
    static void close() {
        client.close();
    }

    private static ChatCompletionCreateParams.Builder request() {
        return ChatCompletionCreateParams.builder().model("chat").addUserMessage("Tell a story.").maxCompletionTokens(12).seed(5);
    }

    @Test
    void answersAndStreams() {
        ChatCompletion whole = client.chat().completions().create(request().build());
        String text = whole.choices().getFirst().message().content().orElseThrow();
        assertEquals(12, whole.usage().orElseThrow().completionTokens());
        assertEquals(ChatCompletion.Choice.FinishReason.LENGTH, whole.choices().getFirst().finishReason());
        StringBuilder streamed = new StringBuilder();
        long[] used = new long[1];
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(request()
                .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build()).build())) {
            stream.stream().forEach(chunk -> {
                chunk.choices().forEach(choice -> choice.delta().content().ifPresent(streamed::append));
                chunk.usage().ifPresent(usage -> used[0] = usage.totalTokens());
            });
        }
        assertEquals(text, streamed.toString());
        assertEquals(whole.usage().orElseThrow().totalTokens(), used[0]);
        assertEquals(List.of("story", "chat"), client.models().list().data().stream().map(model -> model.id()).toList());
    }

    @Test
    void aForcedCallHasArgumentsOfItsSchema() throws IOException {
        FunctionDefinition weather = FunctionDefinition.builder().name("get_weather").description("The weather of a place.")
                .parameters(FunctionParameters.builder().putAdditionalProperty("type", JsonValue.from("object"))
                        .putAdditionalProperty("properties", JsonValue.from(Map.of("place", Map.of("enum", List.of("Oslo", "Rome")))))
                        .putAdditionalProperty("required", JsonValue.from(List.of("place"))).build()).build();
        ChatCompletion answer = client.chat().completions().create(request().maxCompletionTokens(100).addFunctionTool(weather)
                .toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED).build());
        assertEquals(ChatCompletion.Choice.FinishReason.TOOL_CALLS, answer.choices().getFirst().finishReason());
        ChatCompletionMessageFunctionToolCall call = answer.choices().getFirst().message().toolCalls().orElseThrow().getFirst().asFunction();
        assertEquals("get_weather", call.function().name());
        JsonNode arguments = new ObjectMapper().readTree(call.function().arguments());
        assertTrue(List.of("Oslo", "Rome").contains(arguments.get("place").asText()), arguments.toString());
    }

    /// The client makes a schema of this class.
    public static class Verdict {
        public String title;
        public boolean good;
        public int stars;
    }

    @Test
    void structuredOutputs() {
        StructuredChatCompletionCreateParams<Verdict> params = request().maxCompletionTokens(400).temperature(0.0).responseFormat(Verdict.class).build();
        StructuredChatCompletion<Verdict> answer = client.chat().completions().create(params);
        if (answer.choices().getFirst().finishReason().equals(ChatCompletion.Choice.FinishReason.STOP)) {
            assertTrue(answer.choices().getFirst().message().content().orElseThrow().title != null);
        }
    }

    @Test
    void errors() {
        assertThrows(NotFoundException.class, () -> client.chat().completions().create(request().model("gpt-9").build()));
        BadRequestException e = assertThrows(BadRequestException.class, () -> client.chat().completions().create(request().presencePenalty(5.0).build()));
        assertEquals("presence_penalty", e.param().orElseThrow());
    }
}
