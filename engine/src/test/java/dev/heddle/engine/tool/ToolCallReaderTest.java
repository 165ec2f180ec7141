package dev.heddle.engine.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/// Answers as models write them, fed in pieces of every size.
class ToolCallReaderTest {
    /// Text, then calls as `name{arguments}`.
    private static void reads(ToolFormat format, String answer, String text, String... calls) {
        String quoted = answer.replace('\'', '"');
        for (int size = 1; size <= quoted.length(); size += Math.max(1, size / 2)) {
            ToolCallReader reader = new ToolCallReader(format);
            StringBuilder said = new StringBuilder();
            for (int at = 0; at < quoted.length(); at += size) {
                said.append(reader.feed(quoted.substring(at, Math.min(quoted.length(), at + size))));
            }
            ToolCallReader.Rest rest = reader.finish();
            said.append(rest.text());
            assertEquals(text.replace('\'', '"'), said.toString(), "pieces of " + size);
            assertEquals(List.of(calls).stream().map(call -> call.replace('\'', '"')).toList(), rest.calls().stream()
                    .map(call -> call.name() + call.arguments()).toList(), "pieces of " + size);
        }
    }

    @Test
    void tagged() {
        reads(ToolFormat.TAGGED, "Let me see.\n<tool_call>\n{'name': 'f', 'arguments': {'x': 1}}\n</tool_call>", "Let me see.\n", "f{'x':1}");
        reads(ToolFormat.TAGGED, "<tool_call>{'name':'f','arguments':{}}</tool_call>\n<tool_call>{'name':'g','arguments':'{}'}</tool_call>", "", "f{}", "g{}");
        reads(ToolFormat.TAGGED, "<tool_call>\n<function=f>\n<parameter=city>\nNew York\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>",
                "", "f{'city':'New York','days':3}");
        reads(ToolFormat.TAGGED, "a < b <tool", "a < b <tool");
        reads(ToolFormat.TAGGED, "x<tool_call>{'name': 'f', 'arguments': {", "x<tool_call>{'name': 'f', 'arguments': {");
    }

    @Test
    void pythonic() {
        reads(ToolFormat.PYTHONIC, "<|tool_call_start|>[f(city='Paris', n=-2, on=True, none=None, l=[1, 2.5], d={'a': (1,)}), g()]<|tool_call_end|>",
                "", "f{'city':'Paris','n':-2,'on':true,'none':null,'l':[1,2.5],'d':{'a':[1]}}", "g{}");
        reads(ToolFormat.PYTHONIC, "Hm. <|tool_call_start|>[{'name': 'f', 'arguments': {'x': 1}}]<|tool_call_end|>", "Hm. ", "f{'x':1}");
        reads(ToolFormat.PYTHONIC, "<|tool_call_start|>[f(x=__import__)]<|tool_call_end|>", "<|tool_call_start|>[f(x=__import__)]<|tool_call_end|>");
    }

    @Test
    void othersInLists() {
        reads(ToolFormat.GRANITE, "<|tool_call|>[{'name': 'f', 'arguments': {'x': 'y'}}, {'name': 'g', 'arguments': {}}]", "", "f{'x':'y'}", "g{}");
        reads(ToolFormat.MISTRAL, "[TOOL_CALLS][{'name': 'f', 'arguments': {'x': 1}}]", "", "f{'x':1}");
        reads(ToolFormat.MISTRAL, "[TOOL_CALLS]f[ARGS]{'x': 1}[TOOL_CALLS]g[ARGS]{}", "", "f{'x':1}", "g{}");
        reads(ToolFormat.NEMOTRON, "<TOOLCALL>[{'name': 'f', 'arguments': {'x': 1}}]</TOOLCALL>", "", "f{'x':1}");
    }

    @Test
    void bare() {
        reads(ToolFormat.BARE, "{'name': 'f', 'parameters': {'x': 1}}", "", "f{'x':1}");
        reads(ToolFormat.BARE, "<|python_tag|>{'name': 'f', 'parameters': {}}; {'name': 'g', 'parameters': {}}", "", "f{}", "g{}");
        reads(ToolFormat.BARE, "{'answer': 42}", "{'answer': 42}");
        reads(ToolFormat.BARE, "Plain text {'name': 'f', 'parameters': {}}", "Plain text {'name': 'f', 'parameters': {}}");
    }

    @Test
    void damagedCallsAreNone() {
        for (String text : List.of("[f(", "[f(x=1]", "f(x=1) or g", "[f(x='a)]", "[" + "f(x=" + "[".repeat(100), "")) {
            assertTrue(PythonCalls.parse(text).isEmpty(), text);
        }
    }
}
