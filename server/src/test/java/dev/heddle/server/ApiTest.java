package dev.heddle.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.engine.serve.Scheduler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The endpoints, asked by plain requests.
@ExtendWith(TestServer.class)
class ApiTest {
    private static final String GREEDY = "'temperature':0,'repetition_penalty':1,";

    private static JsonNode complete(String fields) throws IOException, InterruptedException {
        Client.Answer answer = Client.post("/v1/completions", "{" + fields + "}");
        assertEquals(200, answer.status(), answer.body());
        return answer.json();
    }

    /// What the model's makers got: the greedy continuation in golden.json.
    private static JsonNode golden() throws IOException {
        return new ObjectMapper().readTree(TestServer.bundledModel().resolve("golden.json").toFile()).get("samples").properties()
                .iterator().next().getValue();
    }

    private static int[] ids(JsonNode list) {
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = list.get(i).intValue();
        }
        return ids;
    }

    @Test
    void completionsAreTheModelsOwn() throws IOException, InterruptedException {
        JsonNode golden = golden();
        int[] all = ids(golden.get("greedy_ids"));
        int[] expected = Arrays.copyOfRange(all, golden.get("prompt_ids").size(), all.length);
        JsonNode body = complete(GREEDY + "'max_tokens':" + expected.length + ",'prompt':" + golden.get("prompt_ids"));
        Tokenizer tokenizer = TestServer.model("story").tokenizer();
        assertEquals(tokenizer.decode(expected), body.at("/choices/0/text").asText());
        assertEquals("text_completion", body.get("object").asText());
        assertEquals("story", body.get("model").asText());
        assertEquals(expected.length, body.at("/usage/completion_tokens").asInt());
        assertEquals(golden.get("prompt_ids").size(), body.at("/usage/prompt_tokens").asInt());
    }

    @Test
    void aStreamSaysTheSameAndItsUsageAtTheEnd() throws IOException, InterruptedException {
        String request = GREEDY + "'prompt':'Once upon a time','max_tokens':24";
        String whole = complete(request).at("/choices/0/text").asText();
        Client.Answer answer = Client.post("/v1/completions", "{" + request + ",'stream':true,'stream_options':{'include_usage':true}}");
        assertEquals(200, answer.status());
        assertTrue(answer.header("Content-Type").startsWith("text/event-stream"));
        assertTrue(answer.body().endsWith("data: [DONE]\n\n"));
        List<JsonNode> events = Client.events(answer.body());
        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(event.at("/choices/0/text").asText("")));
        assertEquals(whole, text.toString());
        assertTrue(events.size() > 10, "pieces: " + events.size());
        assertEquals("length", events.get(events.size() - 2).at("/choices/0/finish_reason").asText());
        assertEquals(24, events.getLast().at("/usage/completion_tokens").asInt());
    }

    @Test
    void seedsDecideAndChoicesDiffer() throws IOException, InterruptedException {
        String request = "'prompt':'Once','max_tokens':12,'temperature':1.5,'n':3,'seed':7";
        JsonNode first = complete(request);
        JsonNode again = complete(request);
        assertEquals(3, first.get("choices").size());
        assertEquals(first.get("choices"), again.get("choices"));
        assertFalse(first.at("/choices/0/text").equals(first.at("/choices/1/text")));
        assertEquals(36, first.at("/usage/completion_tokens").asInt());
        Client.Answer streamed = Client.post("/v1/completions", "{" + request + ",'stream':true}");
        StringBuilder third = new StringBuilder();
        for (JsonNode event : Client.events(streamed.body())) {
            if (event.at("/choices/0/index").asInt() == 2) {
                third.append(event.at("/choices/0/text").asText());
            }
        }
        assertEquals(first.at("/choices/2/text").asText(), third.toString());
    }

    @Test
    void stopTextsEndAnAnswerEvenAcrossTokens() throws IOException, InterruptedException {
        String whole = complete(GREEDY + "'prompt':'Once upon a time','max_tokens':40").at("/choices/0/text").asText();
        String stop = whole.substring(22, 31);
        JsonNode body = complete(GREEDY + "'prompt':'Once upon a time','max_tokens':40,'stop':[" + new ObjectMapper().writeValueAsString(stop) + "]");
        assertEquals(whole.substring(0, whole.indexOf(stop)), body.at("/choices/0/text").asText());
        assertEquals("stop", body.at("/choices/0/finish_reason").asText());
    }

    @Test
    void probabilitiesAndBias() throws IOException, InterruptedException {
        JsonNode body = complete(GREEDY + "'prompt':'Once upon a','max_tokens':3,'logprobs':3");
        JsonNode logprobs = body.at("/choices/0/logprobs");
        assertEquals(3, logprobs.get("tokens").size());
        assertEquals(3, logprobs.at("/top_logprobs/0").size());
        assertEquals(" time", logprobs.at("/tokens/0").asText());
        double best = logprobs.at("/token_logprobs/0").asDouble();
        assertEquals(best, logprobs.at("/top_logprobs/0/ time").asDouble());
        assertTrue(best < 0 && best > -1, "log p(time) = " + best);
        assertEquals(" time".length(), logprobs.at("/text_offset/1").asInt());

        int time = TestServer.model("story").tokenizer().encode("Once upon a time", false)[4];
        JsonNode banned = complete(GREEDY + "'prompt':'Once upon a','max_tokens':1,'logit_bias':{'" + time + "':-100}");
        assertFalse(banned.at("/choices/0/text").asText().equals(" time"));
        JsonNode echoed = complete(GREEDY + "'prompt':'Once upon a','max_tokens':1,'echo':true");
        assertEquals("Once upon a time", echoed.at("/choices/0/text").asText());
    }

    @Test
    void chatGoesThroughTheTemplate() throws IOException, InterruptedException {
        String messages = "'messages':[{'role':'developer','content':'Be brief.'},{'role':'user','content':[{'type':'text','text':'Tell a story.'}]}]";
        Client.Answer answer = Client.post("/v1/chat/completions", "{'model':'chat'," + GREEDY + messages + ",'max_completion_tokens':8,'logprobs':true,'top_logprobs':2}");
        assertEquals(200, answer.status(), answer.body());
        JsonNode body = answer.json();
        assertEquals("assistant", body.at("/choices/0/message/role").asText());
        assertEquals(8, body.at("/choices/0/logprobs/content").size());
        assertEquals(2, body.at("/choices/0/logprobs/content/0/top_logprobs").size());
        String prompt = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nTell a story.<|im_end|>\n<|im_start|>assistant\n";
        int[] ids = TestServer.model("chat").tokenizer().encode(prompt, false);
        assertEquals(ids.length, body.at("/usage/prompt_tokens").asInt());
        String direct = complete("'model':'chat'," + GREEDY + "'max_tokens':8,'prompt':" + new ObjectMapper().writeValueAsString(ids)).at("/choices/0/text").asText();
        assertEquals(direct, body.at("/choices/0/message/content").asText());
    }

    @Test
    void aModelWithoutATemplateGoesOnWithTheTexts() throws IOException, InterruptedException {
        Client.Answer answer = Client.post("/v1/chat/completions", "{'model':'story'," + GREEDY + "'messages':[{'role':'user','content':'Once upon a time'}],'max_tokens':8}");
        String direct = complete(GREEDY + "'prompt':'Once upon a time','max_tokens':8").at("/choices/0/text").asText();
        assertEquals(direct, answer.json().at("/choices/0/message/content").asText());
    }

    @Test
    void errorsHaveOpenAisShape() throws IOException, InterruptedException {
        String[][] cases = {
            {"/v1/chat/completions", "{'messages':[]}", "400", "messages"},
            {"/v1/chat/completions", "{'messages':[{'role':'user','content':'x'}],'temperature':'hot'}", "400", "temperature"},
            {"/v1/chat/completions", "{'messages':[{'role':'user','content':'x'}],'n':17}", "400", "n"},
            {"/v1/chat/completions", "{'messages':[{'role':'user','content':'x'}],'model':'gpt-9'}", "404", "model"},
            {"/v1/chat/completions", "{'messages':[{'role':'user','content':[{'type':'image_url','image_url':{}}]}]}", "400", "messages[0].content[0]"},
            {"/v1/chat/completions", "{'model':'chat','messages':[{'role':'alien','content':'x'}]}", "400", "messages"},
            {"/v1/chat/completions", "{'messages':[{'role':'user','content':'x'}],'tools':[{'type':'function','function':{'name':'f'}}]}", "400", "tools"},
            {"/v1/chat/completions", "{'messages':[{'role':'user','content':'x'}],'response_format':{'type':'json_schema','json_schema':{'schema':"
                    + "{'type':'array','uniqueItems':true}}}}", "400", "response_format.json_schema.schema.uniqueItems"},
            {"/v1/chat/completions", "{'messages':[{'role':'user','content':'x'}],'top_logprobs':2}", "400", "top_logprobs"},
            {"/v1/completions", "{}", "400", "prompt"},
            {"/v1/completions", "{'prompt':[1,99999999]}", "400", "prompt"},
            {"/v1/completions", "{'prompt':'x','suffix':'y'}", "400", "suffix"},
            {"/v1/completions", "{'prompt':'x','logit_bias':{'a':1}}", "400", "logit_bias"},
            {"/v1/completions", "{'prompt':'" + "word ".repeat(5000) + "'}", "400", "prompt"},
            {"/tokenize", "{'content':5}", "400", "content"},
            {"/detokenize", "{'tokens':[-1]}", "400", "tokens"},
            {"/v1/nothing", "{}", "404", null},
            {"/v1/completions", "[" .repeat(100), "400", null},
            {"/v1/completions", "{'prompt':", "400", null},
            {"/v1/completions", "{} {}", "400", null},
        };
        for (String[] one : cases) {
            Client.Answer answer = Client.post(one[0], one[1]);
            assertEquals(one[2], "" + answer.status(), one[1] + " " + answer.body());
            JsonNode error = answer.json().get("error");
            assertTrue(error.get("message").asText().length() > 5, answer.body());
            assertEquals(one[3], error.get("param").textValue(), answer.body());
            assertTrue(error.get("type").isTextual());
        }
        Client.Answer plain = Client.get(TestServer.url() + "/v1/completions");
        assertEquals(404, plain.status());
        assertTrue(plain.json().has("error"));
    }

    @Test
    void modelsTokensHealthAndMetrics() throws IOException, InterruptedException {
        JsonNode models = Client.get(TestServer.url() + "/v1/models").json();
        assertEquals("story", models.at("/data/0/id").asText());
        assertEquals("chat", Client.get(TestServer.url() + "/v1/models/chat").json().get("id").asText());
        assertEquals(404, Client.get(TestServer.url() + "/v1/models/none").status());
        JsonNode tokens = Client.post("/tokenize", "{'content':'Once upon a time','with_pieces':true}").json();
        assertEquals(" time", tokens.at("/tokens/4/piece").asText());
        String ids = Client.post("/tokenize", "{'content':'Once upon a time','add_special':true}").json().get("tokens").toString();
        assertEquals("Once upon a time", Client.post("/detokenize", "{'tokens':" + ids + "}").json().get("content").asText());
        assertEquals("ok", Client.get(TestServer.url() + "/health").json().get("status").asText());
        complete("'prompt':'Once','max_tokens':2");
        String metrics = Client.get(TestServer.url() + "/metrics").body();
        assertTrue(metrics.matches("(?s).*heddle_generated_tokens_total\\{model=\"story\"\\} [1-9].*"), metrics);
        assertTrue(metrics.contains("heddle_http_requests_total{status=\"200\"}"), metrics);
    }

    @Test
    void whatIsThoughtIsToldFromTheAnswer() throws IOException, InterruptedException {
        // without a chat template the prompt is the text of the messages
        String request = "{'model':'story'," + GREEDY + "'max_tokens':12,'messages':[{'role':'user','content':'Once <think>'}]";
        JsonNode plain = Client.post("/v1/chat/completions", request + ",'reasoning_format':'none'}").json().at("/choices/0/message");
        assertFalse(plain.get("content").asText().isBlank());
        assertFalse(plain.has("reasoning_content"));
        JsonNode message = Client.post("/v1/chat/completions", request + "}").json().at("/choices/0/message");
        assertEquals("", message.get("content").asText());
        assertEquals(plain.get("content").asText().strip(), message.get("reasoning_content").asText());
        StringBuilder streamed = new StringBuilder();
        for (JsonNode event : Client.events(Client.post("/v1/chat/completions", request + ",'stream':true}").body())) {
            assertEquals("", event.at("/choices/0/delta/content").asText());
            streamed.append(event.at("/choices/0/delta/reasoning_content").asText());
        }
        assertEquals(message.get("reasoning_content").asText(), streamed.toString());
        assertEquals(400, Client.post("/v1/chat/completions", request + ",'reasoning_format':'other'}").status());
    }

    @Test
    void whoDoesNotReadHoldsUpNobodyAndLosesNothing() throws IOException, InterruptedException {
        Scheduler scheduler = TestServer.model("chat").scheduler();
        int tokens = 320;
        // some kilobytes for each token, more in all than a connection holds
        String body = ("{'model':'chat','messages':[{'role':'user','content':'Once'}],'max_tokens':" + tokens
                + ",'ignore_eos':true,'stream':true,'logprobs':true,'top_logprobs':20}").replace('\'', '"');
        try (Socket stalled = new Socket()) {
            stalled.setReceiveBufferSize(4096);
            stalled.connect(new InetSocketAddress("127.0.0.1", TestServer.port()));
            long before = scheduler.counters().generatedTokens();
            stalled.getOutputStream().write(("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.US_ASCII));
            while (scheduler.counters().generatedTokens() < before + tokens / 2) {
                Thread.sleep(5);
            }
            JsonNode other = Client.post("/v1/chat/completions", ("{'model':'chat','messages':[{'role':'user','content':'Once'}],"
                    + "'max_tokens':5,'ignore_eos':true}")).json();
            assertEquals(5, other.at("/usage/completion_tokens").asInt());
            String all = new String(stalled.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(all.contains("data: [DONE]"), "the end is there");
            assertEquals(tokens, all.split("\"top_logprobs\"", -1).length - 1);
        }
    }
}
