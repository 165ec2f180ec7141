package dev.heddle.langchain4j;

import dev.heddle.Heddle;
import dev.heddle.HeddleModel;
import dev.heddle.engine.serve.SchedulerOptions;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// The bundled model, which all tests of this module share, with a chat template, which it does not have by itself.
public final class SharedModel implements BeforeAllCallback {
    /// ChatML with tools as Hermes writes them; its marks are plain text to the bundled model's tokenizer.
    private static final String TEMPLATE = """
            {%- if tools %}{{ '<|im_start|>system\\n' }}{% for tool in tools %}{{ tool | tojson }}{{ '\\n' }}{% endfor -%}
            {{ 'Answer with <tool_call>{"name": …, "arguments": …}</tool_call>.<|im_end|>\\n' }}{% endif -%}
            {%- for message in messages -%}
            {%- if 'will fail' in message.content %}{{ raise_exception('no failures') }}{% endif -%}
            {{ '<|im_start|>' + message.role + '\\n' + message.content }}
            {%- for call in message.tool_calls or [] %}{{ '<tool_call>' + call.function.name + call.function.arguments | tojson + '</tool_call>' }}{% endfor -%}
            {{ '<|im_end|>\\n' }}{% endfor -%}
            {%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif -%}
            """;

    private static volatile Shared shared;

    private record Shared(Path folder, HeddleModel model) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            model.close();
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL).computeIfAbsent(SharedModel.class, _ -> {
            try {
                Path folder = chatModel();
                shared = new Shared(folder, Heddle.load(folder, SchedulerOptions.DEFAULT.withParallel(8)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return shared;
        });
    }

    private static Path chatModel() throws IOException {
        Path folder = Files.createTempDirectory("heddle-langchain4j");
        try (Stream<Path> files = Files.list(bundled())) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
        return folder;
    }

    static HeddleModel model() {
        return shared.model();
    }

    /// The folder of the model with a template.
    static Path folder() {
        return shared.folder();
    }

    /// The folder of the model as it is, without a template.
    static Path bundled() {
        String property = System.getProperty("heddle.repository");
        Path at = Path.of(property == null ? "" : property).toAbsolutePath();
        while (at != null && !Files.isDirectory(at.resolve("models"))) {
            at = at.getParent();
        }
        return at.resolve("models/story-falcon-h1");
    }

    static ResponseFormat json(String schema) {
        return ResponseFormat.builder().type(ResponseFormatType.JSON).jsonSchema(JsonSchema.builder().name("answer")
                .rootElement(JsonRawSchema.from(schema)).build()).build();
    }

    /// The bundled model knows nothing of capitals: what it would have to know for LangChain4j's tests is put into its mouth by
    /// a schema, so that these test all the rest.
    static ResponseFormat mouth() {
        return json("{\"const\": \"Hello from Berlin, dear World!\"}");
    }

    static HeddleChatModel.Builder chat() {
        return HeddleChatModel.builder().model(model()).seed(1);
    }

    static HeddleStreamingChatModel.Builder streaming() {
        return HeddleStreamingChatModel.builder().model(model()).seed(1);
    }

}
