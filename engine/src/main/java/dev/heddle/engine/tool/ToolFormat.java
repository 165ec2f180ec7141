package dev.heddle.engine.tool;

import dev.heddle.checkpoint.tokenizer.Tokenizer;
import java.util.List;

/// How a model writes the calls of tools that it wants made.
///
/// All formats put JSON objects with the name and the arguments between marks, some of them in a list; a few models write
/// other things than JSON there by habit, which their readers know.
public enum ToolFormat {
    /// `<tool_call>{"name": …, "arguments": {…}}</tool_call>` for each call: Hermes, Qwen, Granite 4, OLMo, Falcon-H1; with
    /// `<function=NAME><parameter=NAME>value…` inside: Qwen3-Coder, Nemotron 3.
    TAGGED("<tool_call>", "</tool_call>", false, "arguments", List.of("\n", "\n")),
    /// `<|tool_call_start|>[f(x=1)]<|tool_call_end|>`, a list of Python calls or of JSON: LFM2.
    PYTHONIC("<|tool_call_start|>", "<|tool_call_end|>", true, "arguments", List.of("", "")),
    /// `<|tool_call|>[{"name": …, "arguments": {…}}]`: Granite 3.
    GRANITE("<|tool_call|>", "", true, "arguments", List.of("", "")),
    /// `[TOOL_CALLS][{"name": …, "arguments": {…}}]`, or `[TOOL_CALLS]NAME[ARGS]{…}`: Mistral.
    MISTRAL("[TOOL_CALLS]", "", true, "arguments", List.of("", "")),
    /// `<TOOLCALL>[{"name": …, "arguments": {…}}]</TOOLCALL>`: Nemotron Nano 2.
    NEMOTRON("<TOOLCALL>", "</TOOLCALL>", true, "arguments", List.of("", "")),
    /// `{"name": …, "parameters": {…}}` as the whole answer, perhaps after `<|python_tag|>`: Llama 3.
    BARE("", "", false, "parameters", List.of("", ""));

    private final String open;
    private final String close;
    private final boolean list;
    private final String argumentsKey;
    private final List<String> around;

    ToolFormat(String open, String close, boolean list, String argumentsKey, List<String> around) {
        this.open = open;
        this.close = close;
        this.list = list;
        this.argumentsKey = argumentsKey;
        this.around = around;
    }

    /// The mark before calls.
    public String open() {
        return open;
    }

    /// The mark after a call or a list of them; may be empty.
    public String close() {
        return close;
    }

    /// Whether calls stand in a list.
    public boolean list() {
        return list;
    }

    /// What the arguments are called.
    public String argumentsKey() {
        return argumentsKey;
    }

    /// What stands between the opening mark and the call, and between the call and the closing mark.
    public List<String> around() {
        return around;
    }

    /// The format that a chat template teaches, or that the vocabulary has marks for.
    public static ToolFormat of(String template, Tokenizer tokenizer) {
        if (template.contains(MISTRAL.open)) {
            return MISTRAL;
        }
        if (template.contains(NEMOTRON.open)) {
            return NEMOTRON;
        }
        if (template.contains(PYTHONIC.open) || tokenizer.id(PYTHONIC.open).isPresent()) {
            return PYTHONIC;
        }
        if (template.contains(GRANITE.open)) {
            return GRANITE;
        }
        if (!template.contains(TAGGED.open) && (template.contains("<|python_tag|>") || template.contains("\"parameters\":"))) {
            return BARE;
        }
        return TAGGED;
    }
}
