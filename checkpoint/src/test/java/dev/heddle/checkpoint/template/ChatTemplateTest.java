package dev.heddle.checkpoint.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.Repository;
import dev.heddle.checkpoint.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Published templates over many conversations, against what CPython's Jinja2 makes of them.
class ChatTemplateTest {
    private static final Path TEMPLATES = Repository.fixtures().resolveSibling("templates");
    private static final JsonNode EXPECTED = Json.read(TEMPLATES.resolve("expected.json"));

    static List<String> templates() {
        return EXPECTED.get("templates").propertyStream().map(Map.Entry::getKey).toList();
    }

    private static Map<String, Object> variables(JsonNode json) {
        Map<String, Object> variables = new LinkedHashMap<>();
        json.properties().forEach(entry -> variables.put(entry.getKey(), entry.getValue()));
        return variables;
    }

    @ParameterizedTest
    @MethodSource("templates")
    void rendersWhatJinjaRenders(String name) throws IOException {
        Clock clock = Clock.fixed(LocalDateTime.parse(EXPECTED.get("now").asText()).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
        ChatTemplate template = ChatTemplate.of(Files.readString(TEMPLATES.resolve(name)), Map.of(), Budget.Limits.DEFAULT, clock);
        int rendered = 0;
        for (Map.Entry<String, JsonNode> entry : EXPECTED.get("templates").get(name).properties()) {
            Map<String, Object> variables = variables(EXPECTED.get("cases").get(entry.getKey()));
            JsonNode expected = EXPECTED.get("results").get(entry.getValue().asInt());
            if (expected.size() == 2) {
                TemplateException failure = assertThrows(TemplateException.class, () -> template.render(variables), entry.getKey());
                assertEquals(expected.get(0).asText(), failure.kind().name(), entry.getKey());
                if (failure.kind() == TemplateException.Kind.RAISED) {
                    assertEquals(expected.get(1).asText(), failure.reason(), entry.getKey());
                }
            } else {
                assertEquals(expected.get(0).asText(), template.render(variables), entry.getKey());
                rendered++;
            }
        }
        assertTrue(rendered > 10, name + " rendered " + rendered + " conversations");
    }

    @Test
    void errorsSayWhereAndWhat() {
        for (String source : List.of("{% for %}", "{{ 'open", "{% if x %}", "{{ x.y.z() }}", "{% set x = 1 / 0 %}", "{{ undefined.field }}",
                "{% for i in range(1000000000) %}x{% endfor %}", "{{ 'a' * 1000000000 }}", "{{ ''.__class__.__mro__ }}")) {
            TemplateException failure = assertThrows(TemplateException.class,
                    () -> ChatTemplate.of(source, Map.of()).render(List.of(Message.user("Hi"))), source);
            assertTrue(failure.getMessage().startsWith("chat template"), failure.getMessage());
            assertTrue(failure.getMessage().length() > 20, failure.getMessage());
        }
    }

    @Test
    void isFoundWhereModelsKeepIt(@TempDir Path folder) throws IOException {
        assertTrue(ChatTemplate.load(folder).isEmpty());
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"bos_token": "<s>", "chat_template": [{"name": "tool_use", "template": "tools"},
                 {"name": "default", "template": "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}"}]}""");
        List<Message> messages = List.of(Message.system("Be brief."), Message.user("Hi"));
        ChatTemplate named = ChatTemplate.load(folder).orElseThrow();
        assertEquals("<s>[system] Be brief.[user] Hi", named.render(messages));
        assertEquals("tools", named.render(messages, List.of(Json.object().put("type", "function")), true, Map.of()));
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages | length }}");
        assertEquals("2", ChatTemplate.load(folder).orElseThrow().render(messages));
    }
}
