package dev.heddle.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.Answer;
import dev.heddle.AnswerOptions;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.engine.sampling.SamplingOptions;
import dev.heddle.engine.serve.SchedulerOptions;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What LangChain4j's own tests leave open, or ask of a model that knows more than stories.
@ExtendWith(SharedModel.class)
class HeddleChatModelTest {
    private static final ToolSpecification WEATHER = ToolSpecification.builder().name("weather").description("Today's.").parameters(
            JsonObjectSchema.builder().addEnumProperty("city", List.of("Munich", "Rome"))
                    .addProperty("day", JsonRawSchema.from("{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 9}"))
                    .required("city", "day").build()).build();
    private static final ToolSpecification NOW = ToolSpecification.builder().name("now").build();

    private static ChatRequest.Builder ask(String text) {
        return ChatRequest.builder().messages(UserMessage.from(text));
    }

    @Test
    void parametersReachTheEngine() {
        SamplingOptions sampling = new SamplingOptions(0.9, 7, 0.8, 0.01, 1.1, 0.5, 0.7, 32);
        AnswerOptions options = new AnswerOptions(sampling, 5, 25, List.of("\""));
        Answer answer = SharedModel.model().session().system("Be kind.").chat("Tell me of the fox.", options, _ -> {
        });
        ChatRequest request = ChatRequest.builder().messages(SystemMessage.from("Be kind."), UserMessage.from("Tell me of the fox."))
                .temperature(0.9).topK(7).topP(0.8).presencePenalty(0.5).frequencyPenalty(0.7).maxOutputTokens(25)
                .stopSequences(List.of("\"")).build();
        try (HeddleChatModel asked = SharedModel.chat().seed(5).sampling(new SamplingOptions(0, 1, 1, 0.01, 1.1, 0, 0, 32)).build();
                HeddleChatModel built = SharedModel.chat().seed(5).sampling(sampling).maxOutputTokens(25).stopSequences("\"").build()) {
            ChatResponse response = asked.chat(request);
            assertEquals(answer.text(), response.aiMessage().text());
            assertEquals(answer.usage().prompt(), response.tokenUsage().inputTokenCount());
            assertEquals(answer.usage().generated(), response.tokenUsage().outputTokenCount());
            assertEquals(answer.text(), built.chat(request.messages()).aiMessage().text());
            assertNotEquals(answer.text(), asked.chat(request.messages().getLast()).aiMessage().text());
        }
    }

    @Test
    void stopTextsEndAnAnswer() {
        try (HeddleChatModel model = SharedModel.chat().temperature(0).maxOutputTokens(30).build()) {
            ChatResponse whole = model.chat(ask("Tell me of the fox.").build());
            assertEquals(FinishReason.LENGTH, whole.finishReason());
            String text = whole.aiMessage().text();
            String stop = text.substring(text.length() / 2, text.length() / 2 + 4);
            ChatResponse stopped = model.chat(ask("Tell me of the fox.").stopSequences(List.of(stop)).build());
            assertEquals(text.substring(0, text.indexOf(stop)), stopped.aiMessage().text());
            assertEquals(FinishReason.STOP, stopped.finishReason());
        }
    }

    @Test
    void schemasHoldWhateverTheModelWouldSay() {
        ResponseFormat format = SharedModel.json("""
                {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": {"name": {"type": "string", "maxLength": 8},
                "age": {"type": "integer", "minimum": 0, "maximum": 120}, "tags": {"type": "array", "items": {"enum": ["old", "new"]},
                "minItems": 1, "maxItems": 2}}, "required": ["name", "age", "tags"], "additionalProperties": false}""");
        for (int seed = 0; seed < 4; seed++) {
            try (HeddleChatModel model = SharedModel.chat().seed(seed).temperature(4).topK(0).topP(1).maxOutputTokens(200).build()) {
                assertEquals(Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA), model.supportedCapabilities());
                ChatResponse response = model.chat(ask("Who is there?").responseFormat(format).build());
                assertEquals(FinishReason.STOP, response.finishReason());
                JsonNode value = Json.parse(response.aiMessage().text(), "answer");
                assertEquals(3, value.size());
                assertTrue(value.get("age").isIntegralNumber() && value.get("age").intValue() <= 120, value.toString());
                value.get("tags").forEach(tag -> assertTrue(Set.of("old", "new").contains(tag.textValue()), value.toString()));
                String any = model.chat(ask("Who is there?").responseFormat(ResponseFormat.JSON).maxOutputTokens(20).build()).aiMessage().text();
                assertTrue(any.startsWith("{"), any);
            }
        }
    }

    private static void check(ToolExecutionRequest call) {
        JsonNode arguments = Json.parse(call.arguments(), "arguments");
        assertFalse(call.id().isBlank());
        if (call.name().equals("now")) {
            assertEquals("{}", call.arguments());
        } else {
            assertEquals("weather", call.name());
            assertTrue(Set.of("Munich", "Rome").contains(arguments.get("city").textValue()), call.arguments());
            assertTrue(arguments.get("day").isIntegralNumber() && arguments.get("day").intValue() < 10, call.arguments());
        }
    }

    @Test
    void toolsAreCalledAndAnswered() {
        try (HeddleChatModel model = SharedModel.chat().temperature(3).topK(0).topP(1).maxOutputTokens(150).build()) {
            List<ChatMessage> messages = new ArrayList<>(List.of(UserMessage.from("How is the weather?")));
            ChatResponse called = model.chat(ChatRequest.builder().messages(messages).toolSpecifications(WEATHER)
                    .toolChoice(ToolChoice.REQUIRED).build());
            assertEquals(FinishReason.TOOL_EXECUTION, called.finishReason());
            assertNull(called.aiMessage().text());
            ToolExecutionRequest call = called.aiMessage().toolExecutionRequests().getFirst();
            assertEquals("weather", call.name());
            check(call);
            check(model.chat(ask("And now?").toolSpecifications(WEATHER, NOW).toolChoice(ToolChoice.REQUIRED).build()).aiMessage()
                    .toolExecutionRequests().getFirst());

            messages.add(called.aiMessage());
            int before = model.chat(ChatRequest.builder().messages(messages).maxOutputTokens(1).build()).tokenUsage().inputTokenCount();
            messages.add(ToolExecutionResultMessage.from(call, "It is sunny."));
            ChatResponse answer = model.chat(ChatRequest.builder().messages(messages).maxOutputTokens(1).build());
            assertTrue(answer.tokenUsage().inputTokenCount() > before);

            ChatResponse plain = model.chat(ask("And now?").maxOutputTokens(1).build());
            ChatResponse none = model.chat(ask("And now?").toolSpecifications(WEATHER).toolChoice(ToolChoice.NONE).maxOutputTokens(1).build());
            ChatResponse told = model.chat(ask("And now?").toolSpecifications(WEATHER).maxOutputTokens(1).build());
            assertEquals(plain.tokenUsage().inputTokenCount(), none.tokenUsage().inputTokenCount());
            assertTrue(told.tokenUsage().inputTokenCount() > plain.tokenUsage().inputTokenCount());
        }
    }

    /// With tools and a schema the answer is either a call or what the schema accepts.
    @Test
    void toolsBesideASchema() {
        int calls = 0;
        for (int seed = 0; seed < 8; seed++) {
            try (HeddleChatModel model = SharedModel.chat().seed(seed)
                    .sampling(new SamplingOptions(30, 0, 1, 0, 1, 0, 0, 64)).maxOutputTokens(150).build()) {
                ChatResponse response = model.chat(ask("How is the weather?").toolSpecifications(WEATHER)
                        .responseFormat(SharedModel.json("{\"enum\": [\"sunny\", \"rainy\"]}")).build());
                if (response.finishReason() == FinishReason.TOOL_EXECUTION) {
                    check(response.aiMessage().toolExecutionRequests().getFirst());
                    calls++;
                } else {
                    assertTrue(Set.of("\"sunny\"", "\"rainy\"").contains(response.aiMessage().text()), response.aiMessage().text());
                }
            }
        }
        assertTrue(calls > 0 && calls < 8, calls + " calls");
    }

    @Test
    void whatIsNotSupportedIsRefused() {
        try (HeddleChatModel story = HeddleChatModel.builder().modelPath(SharedModel.bundled()).maxOutputTokens(3).build();
                HeddleChatModel chat = SharedModel.chat().maxOutputTokens(3).build()) {
            assertEquals(3, story.chat(ask("Once upon a time").build()).tokenUsage().outputTokenCount());
            UnsupportedFeatureException tools = assertThrows(UnsupportedFeatureException.class, () -> story.chat(ask("x")
                    .toolSpecifications(WEATHER).build()));
            assertTrue(tools.getMessage().startsWith("tools are not supported"), tools.getMessage());
            assertThrows(UnsupportedFeatureException.class, () -> chat.chat(ask("x").responseFormat(SharedModel.json(
                    "{\"type\": \"integer\", \"multipleOf\": 3}")).build()));
            assertThrows(InvalidRequestException.class, () -> chat.chat(ask("x").toolChoice(ToolChoice.REQUIRED).build()));
        }
        assertThrows(UnsupportedFeatureException.class, () -> HeddleChatModel.builder().modelPath(SharedModel.bundled())
                .toolSpecifications(WEATHER).build());
        assertThrows(IllegalArgumentException.class, () -> HeddleChatModel.builder().build());
        assertThrows(IllegalArgumentException.class, () -> SharedModel.chat().topP(2).build());
    }

    @Test
    void errorsAreLangChain4js() {
        SchedulerOptions small = SchedulerOptions.DEFAULT.withContext(64);
        try (HeddleChatModel model = HeddleChatModel.builder().modelPath(SharedModel.folder()).scheduling(small).build();
                HeddleChatModel hasty = SharedModel.chat().timeout(Duration.ofMillis(1)).build()) {
            assertThrows(InvalidRequestException.class, () -> model.chat("Tell me of the fox. ".repeat(20)));
            assertThrows(InvalidRequestException.class, () -> model.chat(ask("x").topP(0.0).build()));
            assertEquals(FinishReason.LENGTH, model.chat(ask("Tell me of the fox.").temperature(0.0).build()).finishReason());
            assertThrows(TimeoutException.class, () -> hasty.chat("Tell me a story."));
        }
        try (HeddleChatModel full = HeddleChatModel.builder().modelPath(SharedModel.folder()).maxOutputTokens(100)
                .scheduling(SchedulerOptions.DEFAULT.withParallel(1).withQueue(0)).build();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<ChatResponse>> answers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                answers.add(threads.submit(() -> full.chat(ask("Tell me of the fox.").build())));
            }
            long refused = answers.stream().filter(answer -> failsWith(answer, RateLimitException.class)).count();
            assertTrue(refused >= 1 && refused <= 3, refused + " refused");
        }
    }

    private static boolean failsWith(Future<?> answer, Class<? extends Exception> type) {
        try {
            answer.get();
            return false;
        } catch (Exception e) {
            assertEquals(type, e.getCause().getClass());
            return true;
        }
    }

    @Test
    void oneModelServesMany() throws Exception {
        List<String> questions = List.of("Who is the king?", "Where is the fox?", "What did she say?", "Why?");
        try (HeddleChatModel model = SharedModel.chat().maxOutputTokens(15).build();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            SharedModel.chat().build().close();
            List<String> alone = questions.stream().map(model::chat).toList();
            List<Future<String>> together = questions.stream().map(question -> threads.submit(() -> model.chat(question))).toList();
            for (int i = 0; i < questions.size(); i++) {
                assertEquals(alone.get(i), together.get(i).get());
            }
        }
        HeddleChatModel owner = HeddleChatModel.builder().modelPath(SharedModel.folder()).build();
        owner.close();
        assertThrows(IllegalStateException.class, () -> owner.chat("Are you there?"));
    }

    @Test
    void theAnswerOfATurnIsPartOfTheNext() {
        try (HeddleChatModel model = SharedModel.chat().maxOutputTokens(1).build();
                HeddleTokenCountEstimator estimator = HeddleTokenCountEstimator.builder().modelPath(SharedModel.folder()).build()) {
            List<ChatMessage> messages = List.of(SystemMessage.from("Be kind."), UserMessage.from("Who is there?"),
                    AiMessage.from("The fox."), UserMessage.from("Come in!"));
            ChatResponse response = model.chat(ChatRequest.builder().messages(messages).parameters(ChatRequestParameters.builder().build()).build());
            assertEquals(estimator.estimateTokenCountInMessages(messages), response.tokenUsage().inputTokenCount());
        }
    }
}
