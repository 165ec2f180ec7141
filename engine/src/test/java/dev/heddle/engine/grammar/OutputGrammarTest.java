package dev.heddle.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.engine.TestFiles;
import dev.heddle.engine.serve.TokenConstraint;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever tokens chance picks among those a schema allows, the answer is JSON that an independent validator accepts.
class OutputGrammarTest {
    private static final int END = 2;
    private static final int LIMIT = 400;

    private static Tokenizer tokenizer;
    private static Vocabulary vocabulary;
    /// One token for each byte, and token 256 for the end.
    private static Vocabulary bytes;

    @BeforeAll
    static void load() {
        tokenizer = Tokenizers.load(TestFiles.bundledModel());
        vocabulary = Vocabulary.of(tokenizer);
        byte[][] single = new byte[257][];
        for (int b = 0; b < 256; b++) {
            single[b] = new byte[] {(byte) b};
        }
        single[256] = new byte[0];
        bytes = Vocabulary.of(single);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private static JsonNode json(String text) {
        return Json.parse(text.replace('\'', '"'), "test");
    }

    @Test
    void tokensHaveTheBytesTheyWrite() {
        String text = "Once upon a time, “naïve” 東京 🙂 fox\n\n  said: 42%";
        int[] ids = tokenizer.encode(text, false);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int id : ids) {
            out.writeBytes(vocabulary.bytes(id));
        }
        assertEquals(text, out.toString(StandardCharsets.UTF_8));
        assertEquals(0, vocabulary.bytes(END).length);
        assertEquals(ByteSet.ALL, vocabulary.singles());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{}",
        "{'type':'object'}",
        "{'type':'array'}",
        "{'type':'string'}",
        "{'type':'number'}",
        "{'type':'integer'}",
        "{'type':['integer','null','boolean']}",
        "{'type':'string','minLength':3,'maxLength':5}",
        "{'type':'string','pattern':'^[A-Z]{2}-\\\\d{3,4}$'}",
        "{'type':'string','pattern':'^(foo|bär)+ \\\"q\\\" [^x-z\\\\s]'}",
        "{'type':'string','pattern':'^(a|b.)?c*$'}",
        "{'type':'string','format':'date-time'}",
        "{'type':'string','format':'uuid'}",
        "{'type':'string','format':'ipv4'}",
        "{'type':'string','format':'email'}",
        "{'type':'string','format':'ipv6'}",
        "{'type':'string','format':'hostname'}",
        "{'type':'string','format':'uri'}",
        "{'type':'string','format':'duration'}",
        "{'type':'number','exclusiveMinimum':0}",
        "{'type':'number','exclusiveMinimum':0,'exclusiveMaximum':1}",
        "{'type':'number','exclusiveMaximum':0}",
        "{'type':'number','exclusiveMinimum':-1,'maximum':0}",
        "{'type':'number','minimum':2,'exclusiveMinimum':2,'maximum':3}",
        "{'type':'number','exclusiveMinimum':-0.5,'exclusiveMaximum':2.5}",
        "{'type':'integer','minimum':-17,'maximum':1234}",
        "{'type':'integer','exclusiveMinimum':99,'exclusiveMaximum':1001}",
        "{'type':'integer','maximum':-5}",
        "{'type':'integer','minimum':1000}",
        "{'type':'number','minimum':-2,'maximum':31}",
        "{'type':'number','minimum':0}",
        "{'type':'number','maximum':0.5}",
        "{'enum':['red','gr\\u00fcn',3,null,[1,{'a':2}]]}",
        "{'const':{'kind':'x\\n'}}",
        "{'type':'array','items':{'type':'integer'},'minItems':2,'maxItems':4}",
        "{'type':'array','maxItems':0}",
        "{'type':'array','prefixItems':[{'type':'integer'},{'type':'string','maxLength':4}],'items':false,'minItems':1}",
        "{'type':'array','prefixItems':[{'type':'integer'}],'items':{'type':'boolean'},'minItems':2,'maxItems':3}",
        "{'anyOf':[{'type':'integer'},{'type':'array','items':{'type':'null'}}]}",
        "{'oneOf':[{'type':'integer'},{'type':'string','maxLength':2}]}",
        "{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':'string','maxLength':8},'c':{'type':'boolean'}},'required':['b']}",
        "{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':'null'}},'required':['a','b'],'additionalProperties':false}",
        "{'type':'object','properties':{'name':{'type':'string','maxLength':9}},'additionalProperties':{'type':'integer'}}",
        "{'type':'object','properties':{'x':{'type':'integer'}},'required':['x','undeclared'],'additionalProperties':{'type':'null'}}",
        "{'type':'object','additionalProperties':{'type':'boolean'}}",
        "{'type':'object','properties':{'v':{'type':'integer'},'next':{'anyOf':[{'$ref':'#'},{'type':'null'}]}},'required':['v','next']}",
        "{'$ref':'#/$defs/tree','$defs':{'tree':{'type':'object','properties':{'leaf':{'type':'boolean'},'kids':{'type':'array',"
                + "'items':{'$ref':'#/$defs/tree'},'maxItems':2}},'required':['leaf']}}}",
        "{'type':'string','maxLength':3,'nullable':true}",
        "{'type':'object','propertyNames':{'pattern':'^[a-c]{1,3}$'},'additionalProperties':{'type':'integer'}}",
        "{'type':'object','propertyNames':{'maxLength':4}}",
        "{'type':'object','patternProperties':{'^k[0-9]$':{'type':'boolean'}},'additionalProperties':false}",
        "{'oneOf':[{'type':'integer'},{'type':'null'}],'discriminator':{'propertyName':'kind'},'x-order':1}",
    })
    void whateverIsChosenSatisfiesTheSchema(String text) throws IOException {
        JsonNode schema = json(text);
        OutputGrammar grammar = OutputGrammar.json(vocabulary, Set.of(END), schema);
        SchemaValidatorsConfig config = SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).nullableKeywordEnabled(true).build();
        JsonSchema validator = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(schema, config);
        int whole = 0;
        for (int seed = 0; seed < 12; seed++) {
            Answer answer = answer(grammar, new Random(seed));
            if (answer.finished) {
                whole++;
                JsonNode value = new ObjectMapper().readTree(answer.text);
                Set<ValidationMessage> problems = validator.validate(value);
                assertTrue(problems.isEmpty(), () -> answer.text + " " + problems);
            } else {
                assertTrue(isPrefix(answer.text), answer.text);
            }
        }
        assertTrue(whole >= 6, "finished answers: " + whole);
    }

    private record Answer(String text, boolean finished) {
    }

    /// Chance, with a liking for short tokens so that strings end some day.
    private static Answer answer(OutputGrammar grammar, Random random) {
        TokenConstraint constraint = grammar.constraint();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int count = 0; count < LIMIT; count++) {
            float[] logits = new float[vocabulary.size()];
            constraint.mask(logits);
            List<Integer> all = new ArrayList<>();
            List<Integer> closing = new ArrayList<>();
            for (int id = 0; id < logits.length; id++) {
                if (logits[id] == 0) {
                    all.add(id);
                    byte[] own = vocabulary.bytes(id);
                    if (own.length == 0 || own.length == 1 && "\"]}n".indexOf(own[0]) >= 0) {
                        closing.add(id);
                    }
                }
            }
            List<Integer> from = closing.isEmpty() || random.nextInt(4) > 0 ? all : closing;
            int id = from.get(random.nextInt(from.size()));
            constraint.accept(id);
            out.writeBytes(vocabulary.bytes(id));
            if (constraint.isFinished()) {
                return new Answer(out.toString(StandardCharsets.UTF_8), true);
            }
        }
        return new Answer(out.toString(StandardCharsets.UTF_8), false);
    }

    /// Whether a JSON reader has nothing against a text but its end. A character cut in two is left out.
    private static boolean isPrefix(String text) throws IOException {
        String certain = text.replaceAll("\\uFFFD+$", "");
        try (JsonParser parser = new ObjectMapper().createParser(certain)) {
            while (parser.nextToken() != null) {
                parser.getText();
            }
            return true;
        } catch (JsonEOFException e) {
            return true;
        } catch (IOException e) {
            // a literal or a number that has not ended is said so
            return e.getMessage().contains("was expecting ('true', 'false' or 'null')") && certain.matches("(?s).*[a-z]")
                    || certain.endsWith("-") || certain.endsWith(".") || certain.matches("(?s).*[0-9][eE][+-]?");
        }
    }

    private static boolean accepts(String schema, String text) {
        TokenConstraint constraint = OutputGrammar.json(bytes, Set.of(256), json(schema)).constraint();
        for (byte b : text.replace('\'', '"').getBytes(StandardCharsets.UTF_8)) {
            float[] logits = new float[257];
            constraint.mask(logits);
            if (constraint.isFinished() || logits[b & 0xFF] != 0) {
                return false;
            }
            constraint.accept(b & 0xFF);
        }
        if (constraint.isFinished()) {
            return true;
        }
        float[] logits = new float[257];
        constraint.mask(logits);
        return logits[256] == 0;
    }

    @Test
    void whatTheSchemaForbidsCannotBeWritten() {
        String object = "{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':'string'}},'required':['b']}";
        assertTrue(accepts(object, "{'a':1,'b':'x'}"));
        assertTrue(accepts(object, "{ 'a': -10, 'b': 'é\\n\\ud83d\\ude42' }"));
        assertTrue(accepts(object, "{\n  'b': ''\n}"));
        assertFalse(accepts(object, "{'a':1}"), "b is required");
        assertFalse(accepts(object, "{'b':'x','a':1}"), "order");
        assertFalse(accepts(object, "{'b':'x','c':1}"), "not declared");
        assertFalse(accepts(object, "{'a':1.5,'b':''}"));
        assertFalse(accepts(object, "{'a':01,'b':''}"));
        assertFalse(accepts(object, "{'b':'\\ud83d'}"), "half a pair");
        assertFalse(accepts(object, "{'b':'\\x'}"));
        assertFalse(accepts(object, "{'b':'x'} "), "nothing follows");
        String bounded = "{'type':'integer','minimum':-3,'maximum':120}";
        for (int i = -200; i < 300; i++) {
            assertEquals(i >= -3 && i <= 120, accepts(bounded, "" + i), "" + i);
        }
        String pattern = "{'type':'string','pattern':'^a[^b]?$'}";
        assertTrue(accepts(pattern, "'a'"));
        assertTrue(accepts(pattern, "'ac'"));
        assertTrue(accepts(pattern, "'a\\\\'"));
        assertFalse(accepts(pattern, "'ab'"));
        assertFalse(accepts(pattern, "'acc'"));
        String other = "{'type':'object','properties':{'ab':{'type':'null'},'a':{'type':'null'}},'additionalProperties':{'type':'integer'}}";
        assertTrue(accepts(other, "{'abc':1,'':2,'b':3}"));
        assertFalse(accepts(other, "{'a':1}"));
        assertFalse(accepts(other, "{'ab':1}"));
    }

    @Test
    void exclusiveBoundsLeaveOutTheBound() {
        String[][] cases = {
            {"'exclusiveMinimum':0", "1 0.5 0.0001 12.25 100", "0 0.0 0.00 -0 -0.0 -1 -0.5"},
            {"'exclusiveMinimum':-1,'exclusiveMaximum':2", "0 -0.5 1 1.75 0.0", "-1 -1.0 2 2.0 -1.5 2.5"},
            {"'exclusiveMaximum':-3", "-4 -3.5 -100.25 -3.01", "-3 -3.0 -2.5 0 3"},
            {"'minimum':2,'exclusiveMinimum':1,'maximum':4,'exclusiveMaximum':4", "2 2.0 3 3.9", "1.5 4 4.0 1"},
            {"'minimum':1,'exclusiveMinimum':1", "1.5 2 1.01", "1 1.0 0.5"},
        };
        for (String[] one : cases) {
            String schema = "{'type':'number'," + one[0] + "}";
            for (String number : one[1].split(" ")) {
                assertTrue(accepts(schema, number), schema + " " + number);
            }
            for (String number : one[2].split(" ")) {
                assertFalse(accepts(schema, number), schema + " " + number);
            }
        }
    }

    @Test
    void whatCannotBeKeptIsSaid() {
        String[][] cases = {
            {"{'type':'array','uniqueItems':true}", "uniqueItems"},
            {"{'type':'object','properties':{'a':{'type':'number','multipleOf':2}}}", "properties.a.multipleOf"},
            {"{'type':'strong'}", "type"},
            {"{'type':'string','pattern':'(?=a)'}", "pattern"},
            {"{'type':'string','pattern':'a','maxLength':3}", "maxLength"},
            {"{'$ref':'#/$defs/none'}", "$ref"},
            {"{'$ref':'http://example.org/x'}", "$ref"},
            {"{'oneOf':[{'type':'number'},{'type':'integer'}]}", "oneOf"},
            {"{'anyOf':[{'$ref':'#'},{'type':'null'}]}", "itself"},
            {"{'type':'object','properties':{'a':{'$ref':'#'}},'required':['a']}", "never end"},
            {"{'type':'integer','minimum':5,'maximum':4}", "bounds"},
            {"{'not':{}}", "not"},
            {"{'type':'number','exclusiveMinimum':2,'exclusiveMaximum':2}", "bounds"},
            {"{'type':'string','format':'iri'}", "hostname"},
            {"{'type':'object','propertyNames':{'type':'integer'}}", "propertyNames"},
            {"{'type':'object','properties':{'a':{}},'patternProperties':{'^b':{}}}", "patternProperties"},
            {"{'type':'object','patternProperties':{'^b':{},'^c':{}}}", "patternProperties"},
            {"{'type':'object','minProperties':1}", "minProperties"},
            {"false", "no value"},
            {"[]", "expected a schema"},
        };
        for (String[] one : cases) {
            SchemaException e = assertThrows(SchemaException.class, () -> OutputGrammar.json(bytes, Set.of(256), json(one[0])), one[0]);
            assertTrue(e.getMessage().contains(one[1]), e.getMessage());
        }
    }

    @Test
    void literalsTokensAndSeveralSchemasStandInOneGrammar() {
        JsonNode a = json("{'$ref':'#/$defs/t','$defs':{'t':{'type':'integer'}}}");
        JsonNode b = json("{'$ref':'#/$defs/t','$defs':{'t':{'type':'boolean'}}}");
        OutputGrammar grammar = new OutputGrammar(bytes, Set.of(), new OutputGrammar.Part.Sequence(List.of(
                new OutputGrammar.Part.Token(256), new OutputGrammar.Part.Choice(List.of(
                        new OutputGrammar.Part.Sequence(List.of(new OutputGrammar.Part.Text("A"), new OutputGrammar.Part.Json(a))),
                        new OutputGrammar.Part.Sequence(List.of(new OutputGrammar.Part.Text("B"), new OutputGrammar.Part.Json(b))))))));
        TokenConstraint constraint = grammar.constraint();
        assertEquals(Set.of(256), allowed(constraint));
        constraint.accept(256);
        assertEquals(Set.of((int) 'A', (int) 'B'), allowed(constraint));
        constraint.accept('B');
        assertEquals(Set.of((int) 't', (int) 'f'), allowed(constraint));
        "true".chars().forEach(constraint::accept);
        assertTrue(constraint.isFinished());
    }

    private static Set<Integer> allowed(TokenConstraint constraint) {
        float[] logits = new float[257];
        constraint.mask(logits);
        Set<Integer> allowed = new TreeSet<>();
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] == 0) {
                allowed.add(id);
            }
        }
        return allowed;
    }
}
