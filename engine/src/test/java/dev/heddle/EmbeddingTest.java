package dev.heddle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.engine.TestFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The programs of `docs/embedding.md` compile, run, and print what the page promises. Those for LangChain4j run in its module.
class EmbeddingTest {
    private static final String TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
            + "{% if add_generation_prompt %}assistant:{% endif %}";

    private static List<String> programs() throws IOException {
        String page = Files.readString(TestFiles.path("docs/embedding.md"));
        return Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(page).results().map((MatchResult found) -> found.group(1))
                .filter(program -> !program.contains("langchain4j")).toList();
    }

    @Test
    void theProgramsOfThePageRun(@TempDir Path folder) throws Exception {
        Path chat = chatModel(Files.createDirectory(folder.resolve("chat")));
        List<String> outputs = new ArrayList<>();
        for (String program : programs()) {
            outputs.add(run(program.replace("models/story-falcon-h1", TestFiles.bundledModel().toString())
                    .replace("chat-model", chat.toString()), folder, "Program" + outputs.size()));
        }
        assertEquals(5, outputs.size());
        assertTrue(outputs.get(0).lines().filter(line -> !line.isBlank()).count() >= 2, outputs.get(0));
        assertTrue(outputs.get(1).matches("(?s).+\n(STOP|LENGTH) after [0-9]+ tokens\n"), outputs.get(1));
        assertTrue(outputs.get(2).strip().length() > 20, outputs.get(2));
        assertTrue(outputs.get(3).lines().filter(line -> !line.isBlank()).count() >= 4, outputs.get(3));
        assertTrue(outputs.get(4).matches("(?s) (yes|no) -[0-9.]+\n(  instead of [^\n]+ -[0-9.]+\n){3}STOP\n"), outputs.get(4));
    }

    /// The bundled model with a chat template, which it does not have.
    private static Path chatModel(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(TestFiles.bundledModel())) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
        return folder;
    }

    private static String run(String program, Path folder, String name) throws Exception {
        int body = program.lastIndexOf("\nimport ");
        body = program.indexOf('\n', body + 1) + 1;
        Path source = folder.resolve(name + ".java");
        Files.writeString(source, program.substring(0, body) + "public class " + name
                + " { public static void main(String[] args) throws Exception {\n" + program.substring(body) + "}}\n");
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        int result = ToolProvider.getSystemJavaCompiler().run(null, null, errors, "-proc:none", "-cp",
                System.getProperty("java.class.path"), "-d", folder.toString(), source.toString());
        assertEquals(0, result, errors.toString(StandardCharsets.UTF_8));
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            loader.loadClass(name).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(out);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aSessionGoesOnAsIfItHadBeenOnePrompt() {
        try (HeddleModel model = Heddle.load(TestFiles.bundledModel())) {
            AnswerOptions options = AnswerOptions.GREEDY.withMaxTokens(6);
            Session session = model.session();
            List<String> pieces = new ArrayList<>();
            Answer first = session.generate("Once upon a time", options, pieces::add);
            assertEquals(first.text(), String.join("", pieces));
            assertEquals(6, first.usage().generated());
            Answer second = session.generate(" Then", options);
            Answer whole = model.session().add(session.tokens()).generate("", options);
            assertEquals(whole.text(), session.generate("", options).text());
            assertTrue(second.usage().prompt() > first.usage().prompt() + 6);
            assertEquals("", model.session().generate("Once upon a time", options.withStop(first.text().substring(0, 3))).text());
        }
    }
}
