package dev.heddle.server;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Damaged requests are refused in OpenAI's shape, whatever is wrong with them; none makes the server fail.
@ExtendWith(TestServer.class)
class FuzzTest {
    private static final int ROUNDS = Boolean.getBoolean("heddle.long") ? 20_000 : 100;
    private static final String[][] REQUESTS = {
        {"/v1/chat/completions", "{'model':'chat','messages':[{'role':'system','content':'a'},{'role':'user','content':[{'type':'text','text':'b'}]},"
                + "{'role':'assistant','content':null,'tool_calls':[{'id':'1','type':'function','function':{'name':'f','arguments':'{}'}}]},"
                + "{'role':'tool','tool_call_id':'1','content':'c'}],'tools':[{'type':'function','function':{'name':'f','description':'d','parameters':"
                + "{'type':'object','properties':{'x':{'type':'integer','minimum':1},'y':{'enum':['a',null]}},'required':['x']}}}],'tool_choice':'required',"
                + "'max_tokens':1,'stop':['x'],'temperature':1.5,'logprobs':true,'top_logprobs':2,'n':2,'logit_bias':{'5':-100},'seed':3,'stream':false}"},
        {"/v1/chat/completions", "{'model':'chat','messages':[{'role':'user','content':'b'}],'response_format':{'type':'json_schema','json_schema':{'schema':"
                + "{'type':'object','properties':{'a':{'anyOf':[{'$ref':'#/$defs/t'},{'type':'null'}]},'p':{'type':'string','pattern':'^[a-z]{1,3}(x|y)*$'},"
                + "'n':{'type':'array','items':{'type':'number','maximum':7},'minItems':1,'maxItems':3}},'$defs':{'t':{'type':'string','maxLength':4}}}}},"
                + "'max_tokens':1,'stream':true,'stream_options':{'include_usage':true}}"},
        {"/v1/completions", "{'model':'story','prompt':[5,6,7],'max_tokens':1,'top_p':0.9,'top_k':3,'min_p':0.1,'presence_penalty':1,'frequency_penalty':-1,"
                + "'repetition_penalty':1.1,'repeat_last_n':64,'logprobs':2,'echo':false,'user':'u'}"},
        {"/tokenize", "{'content':'Once upon a time','add_special':true,'with_pieces':true}"},
        {"/detokenize", "{'tokens':[1,2,3]}"},
        {"/heddle/trace", "{'model':'story','text':'The bank of the river'}"},
    };

    private static void check(String path, byte[] body) throws IOException {
        String answer = exchange("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                + body.length + "\r\n\r\n", body);
        String shown = path + " " + new String(body, StandardCharsets.UTF_8) + "\n" + answer.substring(0, Math.min(600, answer.length()));
        assertTrue(answer.startsWith("HTTP/1.1 200") || answer.startsWith("HTTP/1.1 4"), shown);
        if (answer.startsWith("HTTP/1.1 4")) {
            JsonNode error = new ObjectMapper().readTree(answer.substring(answer.indexOf("\r\n\r\n") + 4)).get("error");
            assertTrue(error.get("message").isTextual() && error.has("type") && error.has("param") && error.has("code"), shown);
        }
    }

    private static String exchange(String head, byte[] body) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", TestServer.port())) {
            socket.setSoTimeout(180_000);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().write(body);
            socket.getOutputStream().flush();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void damagedBytes() throws IOException {
        Random random = new Random(1);
        for (int round = 0; round < ROUNDS; round++) {
            String[] request = REQUESTS[random.nextInt(REQUESTS.length)];
            byte[] body = request[1].replace('\'', '"').getBytes(StandardCharsets.UTF_8);
            for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                int at = random.nextInt(body.length);
                body[at] = switch (random.nextInt(3)) {
                    case 0 -> (byte) random.nextInt(256);
                    case 1 -> (byte) "\"{}[],:0-\\".charAt(random.nextInt(10));
                    default -> body[random.nextInt(body.length)];
                };
            }
            int length = random.nextInt(4) == 0 ? random.nextInt(body.length) : body.length;
            check(request[0], Arrays.copyOf(body, length));
        }
    }

    /// Values of the wrong kind in every place.
    @Test
    void damagedValues() throws IOException {
        Random random = new Random(2);
        ObjectMapper mapper = new ObjectMapper();
        for (int round = 0; round < ROUNDS; round++) {
            String[] request = REQUESTS[random.nextInt(REQUESTS.length)];
            JsonNode body = mapper.readTree(request[1].replace('\'', '"'));
            List<Runnable> places = new ArrayList<>();
            collect(body, random, places);
            places.get(random.nextInt(places.size())).run();
            check(request[0], body.toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    /// One change for each value in a document.
    private static void collect(JsonNode node, Random random, List<Runnable> places) {
        if (node instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                places.add(() -> object.set(name, strange(random)));
                collect(object.get(name), random, places);
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                int index = i;
                places.add(() -> array.set(index, strange(random)));
                collect(array.get(i), random, places);
            }
        }
    }

    private static JsonNode strange(Random random) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        return switch (random.nextInt(13)) {
            case 0 -> nodes.nullNode();
            case 1 -> nodes.numberNode(-1);
            case 2 -> nodes.numberNode(1e300);
            case 3 -> nodes.numberNode(0.5);
            case 4 -> nodes.numberNode(Long.MAX_VALUE);
            case 5 -> nodes.textNode("");
            case 6 -> nodes.textNode("\u0000\uD800 (?=<|endoftext|>[");
            case 7 -> nodes.booleanNode(random.nextBoolean());
            case 8 -> nodes.arrayNode();
            case 9 -> nodes.objectNode();
            case 10 -> nodes.arrayNode().add(nodes.objectNode().put("type", "object").put("$ref", "#"));
            case 11 -> nodes.textNode("x".repeat(300));
            default -> nodes.objectNode().put("type", "integer").put("minimum", "a").put("$ref", "#/x");
        };
    }

    /// Bytes that are no HTTP.
    @Test
    void damagedHttp() throws IOException {
        Random random = new Random(3);
        String request = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 13\r\n\r\n";
        for (int round = 0; round < ROUNDS / 4; round++) {
            byte[] head = request.getBytes(StandardCharsets.ISO_8859_1);
            for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                head[random.nextInt(head.length - 4)] = (byte) random.nextInt(256);
            }
            String answer;
            try (Socket socket = new Socket("127.0.0.1", TestServer.port())) {
                socket.setSoTimeout(180_000);
                socket.getOutputStream().write(head);
                socket.getOutputStream().write("{\"content\":1}".getBytes(StandardCharsets.US_ASCII));
                socket.shutdownOutput();
                answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (SocketException e) {
                answer = "";
            }
            assertTrue(answer.isEmpty() || answer.startsWith("HTTP/1.1 4") || answer.startsWith("HTTP/1.1 505"),
                    new String(head, StandardCharsets.ISO_8859_1) + answer);
        }
    }
}
