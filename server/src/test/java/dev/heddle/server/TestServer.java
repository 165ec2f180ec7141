package dev.heddle.server;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.tokenizer.SpecialTokens;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import dev.heddle.core.backend.CpuBackend;
import dev.heddle.engine.GenerationDefaults;
import dev.heddle.engine.LanguageModel;
import dev.heddle.engine.serve.SchedulerOptions;
import dev.heddle.server.http.ServerOptions;
import dev.heddle.server.model.ServedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// One server for all tests: the bundled model as it is under the name `story`, and with a chat template under `chat`.
public final class TestServer implements BeforeAllCallback {
    /// ChatML with tools as Hermes writes them; its marks are plain text to the bundled model's tokenizer.
    static final String TEMPLATE = """
            {%- if tools %}{{ '<|im_start|>system\\n' }}{% for tool in tools %}{{ tool | tojson }}{{ '\\n' }}{% endfor -%}
            {{ 'Answer with <tool_call>{"name": …, "arguments": …}</tool_call>.<|im_end|>\\n' }}{% endif -%}
            {%- for message in messages -%}
            {%- if message.role == 'alien' %}{{ raise_exception('no aliens') }}{% endif -%}
            {{ '<|im_start|>' + message.role + '\\n' + message.content }}
            {%- for call in message.tool_calls or [] %}{{ '<tool_call>' + call.function.name + call.function.arguments | tojson + '</tool_call>' }}{% endfor -%}
            {{ '<|im_end|>\\n' }}{% endfor -%}
            {%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif -%}
            """;

    private static volatile Running running;

    /// The server and what it needs.
    record Running(CpuBackend backend, List<Checkpoint> checkpoints, List<ServedModel> models, HeddleServer server) implements AutoCloseable {
        @Override
        public void close() {
            server.close();
            models.forEach(ServedModel::close);
            checkpoints.forEach(Checkpoint::close);
            backend.close();
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL).computeIfAbsent(TestServer.class, _ -> {
            running = start(ServerOptions.DEFAULT.withAddress("127.0.0.1", 0, Optional.empty()), SchedulerOptions.DEFAULT.withParallel(8));
            return running;
        });
    }

    static Running start(ServerOptions options, SchedulerOptions scheduling) {
        CpuBackend backend = CpuBackend.best();
        List<Checkpoint> checkpoints = new ArrayList<>();
        List<ServedModel> models = new ArrayList<>();
        for (String name : List.of("story", "chat")) {
            Checkpoint checkpoint = Checkpoint.open(bundledModel());
            checkpoints.add(checkpoint);
            Tokenizer tokenizer = Tokenizers.load(bundledModel());
            boolean chat = name.equals("chat");
            Optional<ChatTemplate> template = chat ? Optional.of(ChatTemplate.of(TEMPLATE, SpecialTokens.names(bundledModel()))) : Optional.empty();
            models.add(new ServedModel(name, LanguageModel.load(checkpoint, backend), tokenizer, template, chat ? TEMPLATE : "",
                    GenerationDefaults.read(bundledModel()), scheduling));
        }
        return new Running(backend, checkpoints, models, HeddleServer.start(options, models));
    }

    static String url() {
        return running.server().url();
    }

    static int port() {
        return running.server().port();
    }

    static ServedModel model(String name) {
        return running.models().stream().filter(model -> model.name().equals(name)).findFirst().orElseThrow();
    }

    static Path bundledModel() {
        String property = System.getProperty("heddle.repository");
        Path at = Path.of(property == null ? "" : property).toAbsolutePath();
        while (at != null && !Files.isDirectory(at.resolve("models"))) {
            at = at.getParent();
        }
        return at.resolve("models/story-falcon-h1");
    }
}
