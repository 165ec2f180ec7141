package dev.heddle.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// The programs for LangChain4j in `README.md` and `docs/embedding.md` compile, run, and print an answer.
@ExtendWith(SharedModel.class)
class EmbeddingPageTest {
    private static List<String> programs(String page) throws IOException {
        String text = Files.readString(SharedModel.bundled().resolve("../..").resolve(page));
        return Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(text).results().map(found -> found.group(1))
                .filter(program -> program.contains("dev.heddle.langchain4j")).toList();
    }

    @Test
    void theProgramsRun(@TempDir Path folder) throws Exception {
        assertEquals(1, programs("README.md").size());
        assertEquals(1, programs("docs/embedding.md").size());
        assertTrue(run(programs("README.md").getFirst(), folder, "Readme").strip().length() > 20);
        String printed = run(programs("docs/embedding.md").getFirst(), folder, "Page");
        assertTrue(printed.matches("(?s).+\n[0-9]+ tokens asked\n\\{\\s*\"mood\":\\s*\"(glad|sad)\"\\s*}\\s*"), printed);
    }

    private static String run(String program, Path folder, String name) throws Exception {
        int imports = program.lastIndexOf("\nimport ");
        int body = program.indexOf('\n', imports + 1) + 1;
        Path source = folder.resolve(name + ".java");
        Files.writeString(source, program.substring(0, body) + "public class " + name + " { public static void main(String[] args) throws Exception {\n"
                + program.substring(body).replace("chat-model", SharedModel.folder().toString().replace('\\', '/')) + "}}\n");
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
}
