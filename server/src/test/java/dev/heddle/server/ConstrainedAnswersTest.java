package dev.heddle.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Schemas and forced calls hold whatever the model would rather say. That a grammar allows nothing else is tested beside
/// it; here they go through the server.
@ExtendWith(TestServer.class)
class ConstrainedAnswersTest {
    private static final String SCHEMA = "{'type':'object','properties':{'name':{'type':'string','maxLength':12},'age':{'type':'integer','minimum':0,"
            + "'maximum':120},'tags':{'type':'array','items':{'enum':['old','new']},'minItems':1,'maxItems':2}},'required':['name','age','tags'],"
            + "'additionalProperties':false}";
    private static final String TOOLS = "'tools':[{'type':'function','function':{'name':'look','parameters':" + SCHEMA + "}},{'type':'function',"
            + "'function':{'name':'wait','parameters':{'type':'object','properties':{'seconds':{'type':'integer','minimum':1,'maximum':9}},'required':['seconds']}}}]";

    private static JsonNode chat(String fields) throws IOException, InterruptedException {
        Client.Answer answer = Client.post("/v1/chat/completions", "{'model':'chat','messages':[{'role':'user','content':'Who is there?'}]," + fields + "}");
        assertEquals(200, answer.status(), answer.body());
        return answer.json();
    }

    private static void check(JsonNode value) {
        assertTrue(value.get("name").textValue().codePointCount(0, value.get("name").textValue().length()) <= 12, value.toString());
        assertTrue(value.get("age").isIntegralNumber() && value.get("age").intValue() >= 0 && value.get("age").intValue() <= 120, value.toString());
        assertTrue(value.get("tags").size() >= 1 && value.get("tags").size() <= 2, value.toString());
        value.get("tags").forEach(tag -> assertTrue(List.of("old", "new").contains(tag.asText())));
        assertEquals(3, value.size());
    }

    @Test
    void hotSamplingStillSatisfiesTheSchema() throws IOException, InterruptedException {
        JsonNode body = chat("'temperature':5,'top_k':0,'top_p':1,'min_p':0,'seed':3,'n':8,'max_tokens':200,'response_format':{'type':'json_schema',"
                + "'json_schema':{'name':'person','strict':true,'schema':" + SCHEMA + "}}");
        for (JsonNode choice : body.get("choices")) {
            assertEquals("stop", choice.get("finish_reason").asText());
            check(new ObjectMapper().readTree(choice.at("/message/content").asText()));
        }
    }

    @Test
    void anAnswerCutOffIsTheBeginningOfOne() throws IOException, InterruptedException {
        JsonNode body = chat("'temperature':5,'top_k':0,'top_p':1,'min_p':0,'seed':11,'n':6,'max_tokens':9,'response_format':{'type':'json_object'}");
        for (JsonNode choice : body.get("choices")) {
            String text = choice.at("/message/content").asText();
            if (choice.get("finish_reason").asText().equals("length")) {
                assertThrows(JsonEOFException.class, () -> read(text), text);
            } else {
                assertTrue(new ObjectMapper().readTree(text).isObject());
            }
        }
    }

    private static void read(String text) throws IOException {
        try (JsonParser parser = new ObjectMapper().createParser(text.replaceAll("\\uFFFD$", ""))) {
            while (parser.nextToken() != null) {
                parser.getText();
            }
        }
    }

    @Test
    void forcedCallsStreamedAndWhole() throws IOException, InterruptedException {
        String request = "'temperature':2,'seed':4,'max_tokens':200," + TOOLS + ",'tool_choice':{'type':'function','function':{'name':'wait'}}";
        JsonNode choice = chat(request).at("/choices/0");
        assertEquals("tool_calls", choice.get("finish_reason").asText());
        assertTrue(choice.at("/message/content").isNull());
        JsonNode call = choice.at("/message/tool_calls/0");
        assertEquals("wait", call.at("/function/name").asText());
        int seconds = new ObjectMapper().readTree(call.at("/function/arguments").asText()).get("seconds").intValue();
        assertTrue(seconds >= 1 && seconds <= 9, "" + seconds);

        Client.Answer stream = Client.post("/v1/chat/completions", "{'model':'chat','messages':[{'role':'user','content':'Who is there?'}]," + request + ",'stream':true}");
        List<JsonNode> events = Client.events(stream.body());
        assertEquals("tool_calls", events.getLast().at("/choices/0/finish_reason").asText());
        JsonNode streamed = events.get(events.size() - 2).at("/choices/0/delta/tool_calls/0");
        assertEquals(call.get("function"), streamed.get("function"));
        assertTrue(events.stream().allMatch(event -> event.at("/choices/0/delta/content").asText("").isEmpty()), stream.body());

        JsonNode any = chat("'temperature':3,'top_k':0,'top_p':1,'min_p':0,'seed':8,'n':4,'max_tokens':250," + TOOLS + ",'tool_choice':'required'");
        for (JsonNode one : any.get("choices")) {
            JsonNode function = one.at("/message/tool_calls/0/function");
            JsonNode arguments = new ObjectMapper().readTree(function.get("arguments").asText());
            if (function.get("name").asText().equals("look")) {
                check(arguments);
            } else {
                assertTrue(arguments.get("seconds").isInt());
            }
        }
        // a choice of none keeps the tools from the model
        JsonNode none = chat("'max_tokens':4," + TOOLS + ",'tool_choice':'none'");
        assertEquals(chat("'max_tokens':4").at("/usage/prompt_tokens"), none.at("/usage/prompt_tokens"));
    }

    @Test
    void resultsOfToolsGoBackThroughTheTemplate() throws IOException, InterruptedException {
        Client.Answer answer = Client.post("/v1/chat/completions", "{'model':'chat','max_tokens':3,'messages':[{'role':'user','content':'Wait.'},"
                + "{'role':'assistant','content':null,'tool_calls':[{'id':'c1','type':'function','function':{'name':'wait','arguments':'{\\\"seconds\\\":2}'}}]},"
                + "{'role':'tool','tool_call_id':'c1','content':'done'}]," + TOOLS + "}");
        assertEquals(200, answer.status(), answer.body());
    }
}
