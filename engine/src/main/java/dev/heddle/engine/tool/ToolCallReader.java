package dev.heddle.engine.tool;

import java.util.List;

/// Takes an answer in pieces and tells text for the user from calls of tools. From the first mark on everything is held
/// back until the end; what turns out to be no call is text after all.
public final class ToolCallReader {
    private static final String PYTHON_TAG = "<|python_tag|>";

    private final ToolFormat format;
    private final StringBuilder held = new StringBuilder();
    private boolean inCalls;
    private boolean begun;

    public ToolCallReader(ToolFormat format) {
        this.format = format;
    }

    /// What an answer ends with.
    ///
    /// @param text what was held back and is no call
    public record Rest(String text, List<ToolCall> calls) {
    }

    /// Takes a piece and returns the text that certainly belongs to no call.
    public String feed(String piece) {
        held.append(piece);
        if (inCalls) {
            return "";
        }
        return format == ToolFormat.BARE ? feedBare() : feedMarked();
    }

    private String feedMarked() {
        String open = format.open();
        int at = held.indexOf(open);
        if (at >= 0) {
            inCalls = true;
            String before = held.substring(0, at);
            held.delete(0, at);
            return before;
        }
        int keep = Math.min(open.length() - 1, held.length());
        while (keep > 0 && !open.startsWith(held.substring(held.length() - keep))) {
            keep--;
        }
        String certain = held.substring(0, held.length() - keep);
        held.delete(0, held.length() - keep);
        return certain;
    }

    /// Without a mark, an answer that begins with a brace may be a call.
    private String feedBare() {
        String text = held.toString().stripLeading();
        if (!begun && (text.isEmpty() || PYTHON_TAG.startsWith(text))) {
            return "";
        }
        if (!begun && (text.startsWith("{") || text.startsWith(PYTHON_TAG))) {
            inCalls = true;
            return "";
        }
        begun = true;
        String all = held.toString();
        held.setLength(0);
        return all;
    }

    /// The end of the answer.
    public Rest finish() {
        String text = held.toString();
        held.setLength(0);
        if (!inCalls) {
            return new Rest(text, List.of());
        }
        inCalls = false;
        List<ToolCall> calls = ToolCallParser.parse(text.replace(PYTHON_TAG, ""), format);
        return calls.isEmpty() ? new Rest(text, calls) : new Rest("", calls);
    }
}
