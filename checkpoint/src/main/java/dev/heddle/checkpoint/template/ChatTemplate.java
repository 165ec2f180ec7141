package dev.heddle.checkpoint.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.gguf.GgufFile;
import dev.heddle.checkpoint.gguf.GgufMetadata;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A model's chat template: turns a conversation into the text the model was trained to continue.
///
/// Templates are written in Jinja2 and published with the model. They are rendered here as Hugging Face does it (an
/// immutable sandbox, `trim_blocks`, `lstrip_blocks`, loop controls, `tojson` without escaping, `raise_exception`,
/// `strftime_now`, the `generation` tag), by an interpreter of our own, since a template comes from elsewhere: it sees
/// strings, numbers, lists and dicts and nothing of Java, and steps, text and nesting are limited. What needs several
/// templates (`include`, `extends`, `import`, `block`) is not there, and neither are the filters `filesizeformat`,
/// `pprint`, `random`, `striptags`, `urlencode`, `urlize`, `wordwrap` and `xmlattr`.
///
/// The text holds the special tokens by name: encode it with [dev.heddle.checkpoint.tokenizer.Tokenizer#encode] and
/// `addSpecial` false. Safe for use by several threads.
public final class ChatTemplate {
    private static final String PROBE = "probe-of-content-parts";

    private final List<Statement> statements;
    private final Optional<List<Statement>> withTools;
    private final Map<String, Object> specialTokens;
    private final Set<String> names;
    private final boolean thinking;
    private final Budget.Limits limits;
    private final Clock clock;

    private ChatTemplate(String source, Optional<String> toolSource, Map<String, String> specialTokens,
            Budget.Limits limits, Clock clock) {
        statements = Parser.parse(source);
        withTools = toolSource.map(Parser::parse);
        names = Names.in(statements);
        thinking = !source.contains("reasoning_content") && source.contains("thinking");
        this.specialTokens = new LinkedHashMap<>(specialTokens);
        this.limits = limits;
        this.clock = clock;
    }

    /// The template `jinja`.
    /// @param specialTokens what it sees as `bos_token` and so on, see
    ///     [dev.heddle.checkpoint.tokenizer.SpecialTokens#names]
    /// @throws TemplateException if it is no template
    public static ChatTemplate of(String jinja, Map<String, String> specialTokens) {
        return of(jinja, specialTokens, Budget.Limits.DEFAULT, Clock.systemDefaultZone());
    }

    static ChatTemplate of(String jinja, Map<String, String> specialTokens, Budget.Limits limits, Clock clock) {
        return new ChatTemplate(jinja, Optional.empty(), specialTokens, limits, clock);
    }

    /// The template of the model in `folder`, if it has one: that in its metadata if it is a GGUF file, else `chat_template.jinja`, else what `chat_template.json` or
    /// `tokenizer_config.json` has under `chat_template`. Of several named ones that is `default`, and `tool_use`
    /// when a conversation has tools.
    /// @throws CheckpointException if a file is damaged
    public static Optional<ChatTemplate> load(Path folder) {
        return load(folder, Tokenizers.specialNames(folder));
    }

    /// As [#load(Path)], with special tokens known from elsewhere.
    public static Optional<ChatTemplate> load(Path folder, Map<String, String> specialTokens) {
        Map<String, String> sources = sources(folder);
        if (sources.isEmpty()) {
            return Optional.empty();
        }
        String source = sources.getOrDefault("default", sources.values().iterator().next());
        return Optional.of(new ChatTemplate(source, Optional.ofNullable(sources.get("tool_use")), specialTokens,
                Budget.Limits.DEFAULT, Clock.systemDefaultZone()));
    }

    private static Map<String, String> sources(GgufMetadata metadata) {
        String field = "tokenizer.chat_template";
        Map<String, String> sources = new LinkedHashMap<>();
        metadata.text(field).ifPresent(template -> sources.put("default", template));
        metadata.values().keySet().stream().filter(name -> name.startsWith(field + ".")).forEach(
                name -> sources.put(name.substring(field.length() + 1), metadata.text(name).orElseThrow()));
        return sources;
    }

    /// The templates published with the model in `folder`, by name; a single one is called `default`.
    /// @throws CheckpointException if a file is damaged
    public static Map<String, String> sources(Path folder) {
        if (GgufFile.isNamed(folder) && Files.isRegularFile(folder)) {
            try (GgufFile gguf = GgufFile.open(folder)) {
                return sources(gguf.values());
            }
        }
        Path file = folder.resolve("chat_template.jinja");
        if (Files.isRegularFile(file)) {
            try {
                return Map.of("default", Files.readString(file));
            } catch (IOException e) {
                throw new CheckpointException(file + ": cannot be read as UTF-8 text: " + e.getMessage(), e);
            }
        }
        for (String name : List.of("chat_template.json", "tokenizer_config.json")) {
            Path config = folder.resolve(name);
            if (!Files.isRegularFile(config)) {
                continue;
            }
            JsonNode node = Json.readObject(config).path("chat_template");
            if (node.isTextual()) {
                return Map.of("default", node.textValue());
            }
            if (node.isArray() && !node.isEmpty()) {
                Map<String, String> sources = new LinkedHashMap<>();
                for (JsonNode entry : node) {
                    if (!entry.path("name").isTextual() || !entry.path("template").isTextual()) {
                        throw new CheckpointException(config + ": chat_template[" + sources.size()
                                + "] lacks name or template, expected both as strings");
                    }
                    sources.put(entry.path("name").textValue(), entry.path("template").textValue());
                }
                return sources;
            }
            if (!node.isMissingNode() && !node.isNull() && !node.isArray()) {
                throw new CheckpointException(config + ": chat_template is " + Json.kind(node)
                        + ", expected a string or a list of named templates");
            }
        }
        return Map.of();
    }

    /// The conversation as text.
    ///
    /// A message that consists of text parts only becomes plain text if the template does not understand parts.
    ///
    /// @param tools descriptions of the functions the model may call, as the OpenAI API has them; may be empty
    /// @param addGenerationPrompt whether the text ends where the assistant begins to speak
    /// @param extra further variables, such as `enable_thinking`: strings, numbers, booleans, `null`, JSON, maps, lists
    /// @throws TemplateException if the template refuses the conversation or fails on it
    public String render(List<Message> messages, List<? extends JsonNode> tools, boolean addGenerationPrompt,
            Map<String, Object> extra) {
        List<Object> values = new ArrayList<>();
        boolean flatten = messages.stream().anyMatch(message -> message.content() instanceof Message.Content.Parts)
                && !understandsParts();
        for (Message message : messages) {
            values.add(TemplateValues.message(flatten ? flattened(message) : message, thinking));
        }
        Map<String, Object> variables = new LinkedHashMap<>();
        variables.put("messages", values);
        variables.put("tools", tools.isEmpty() ? null : tools);
        variables.put("documents", null);
        variables.put("add_generation_prompt", addGenerationPrompt);
        variables.putAll(extra);
        return render(variables);
    }

    /// The conversation as text, ending where the assistant begins to speak.
    public String render(List<Message> messages) {
        return render(messages, List.of(), true, Map.of());
    }

    /// Renders with exactly these variables and the special tokens. `messages` and the like are given as JSON or maps.
    public String render(Map<String, Object> variables) {
        Map<String, Object> values = new LinkedHashMap<>(specialTokens);
        variables.forEach((name, value) -> values.put(name, TemplateValues.of(value)));
        boolean tools = values.get("tools") instanceof List<?>;
        List<Statement> chosen = tools && withTools.isPresent() ? withTools.get() : statements;
        return new Interpreter(limits, clock).render(chosen, values);
    }

    /// Whether the template reads this variable, such as `tools` or `enable_thinking`.
    public boolean uses(String variable) {
        return names.contains(variable) || variable.equals("tools") && withTools.isPresent();
    }

    /// Tries a list of parts: a template that understands them shows the text and nothing of the list's form.
    private boolean understandsParts() {
        ObjectNode part = Json.object().put("type", "text").put("text", PROBE);
        Message message = new Message("user", new Message.Content.Parts(List.of(part)), List.of(), Optional.empty(),
                Optional.empty(), Optional.empty());
        try {
            String text = render(Map.of("messages", List.of(TemplateValues.message(message, thinking)),
                    "tools", Optional.empty(), "documents", Optional.empty(), "add_generation_prompt", false));
            int at = text.indexOf(PROBE);
            return at >= 0 && !text.startsWith("\"", at + PROBE.length()) && !text.startsWith("'", at + PROBE.length());
        } catch (TemplateException e) {
            return false;
        }
    }

    private static Message flattened(Message message) {
        if (!(message.content() instanceof Message.Content.Parts(List<JsonNode> parts))
                || !parts.stream().allMatch(part -> part.path("text").isTextual())) {
            return message;
        }
        List<String> texts = parts.stream().map(part -> part.path("text").textValue()).toList();
        return new Message(message.role(), new Message.Content.Text(String.join("\n", texts)), message.toolCalls(),
                message.toolCallId(), message.name(), message.reasoning());
    }
}
