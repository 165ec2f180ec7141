#!/usr/bin/env python3
"""Writes testdata/templates/expected.json: every template there rendered by Jinja2 3.1.6 over many conversations.

Run from the repository root: python3 tools/oracle/chat_templates.py
"""
import json
import os

import jinja

FOLDER = "testdata/templates"
SPECIAL = {"bos_token": "<BOS>", "eos_token": "<EOS>"}


def m(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments, id="call_1"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Get the current weather <now> & 'later'\n",
    "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "City, e.g. Zürich ☀"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        "days": {"type": ["integer", "null"], "minimum": 1, "maximum": 14, "exclusiveMaximum": 14.5}},
        "required": ["city"]}}}
SUM = {"type": "function", "function": {
    "name": "add", "description": "Adds", "strict": True,
    "parameters": {"type": "object", "additionalProperties": False, "properties": {
        "values": {"type": "array", "items": {"type": "number"}, "description": " numbers "},
        "options": {"type": "object", "properties": {"round": {"type": "boolean"}}}}, "required": []}}}
BARE = {"name": "now", "description": "The time", "parameters": {"type": "object", "properties": {}}}

HELLO = [m("user", "Hello, how are you?")]
MULTI = [m("user", "Hi"), m("assistant", "Hello! How can I help?"), m("user", "  Tell me a joke.\n")]
SYSTEM = [m("system", "You are a pirate."), *MULTI]
THINK = [m("user", "2+2?"), m("assistant", "<think>\nsimple\n</think>\n\n4"), m("user", "and 3+3?"),
         m("assistant", "<think>also simple</think>6"), m("user", "thanks")]
REASONING = [m("user", "2+2?"), m("assistant", "4", reasoning_content="Easy: two and two.\n", thinking="Easy"), m("user", "and 3+3?"),
             m("assistant", "6", reasoning_content="Hm", thinking="Hm")]
TOOLS = [m("user", "Weather in Zürich?"), m("assistant", "", tool_calls=[call("get_weather", {"city": "Zürich", "days": 2})]),
         m("tool", "{\"temp\": 21.5, \"sky\": \"☀\"}", tool_call_id="call_1", name="get_weather"), m("assistant", "21.5 °C and sunny.")]
TWO_CALLS = [m("system", "Use tools."), m("user", "Both"), m("assistant", "Let me see.", tool_calls=[
                 call("get_weather", {"city": "O'Hare", "unit": None, "ok": True, "n": 1.0, "list": [1, 2.5, "x", {"a": []}], "dict": {"k": "v"}}, "a"),
                 call("add", {"values": [1, -2, 3e20, 1e-7]}, "b")]),
             m("tool", "sunny", tool_call_id="a"), m("tool", "2", tool_call_id="b"), m("user", "More"), m("assistant", "ok"), m("user", "Bye")]

CASES = {
    "hello": dict(messages=HELLO),
    "hello-generate": dict(messages=HELLO, add_generation_prompt=True),
    "multi": dict(messages=MULTI),
    "multi-generate": dict(messages=MULTI, add_generation_prompt=True),
    "system-generate": dict(messages=SYSTEM, add_generation_prompt=True),
    "system-only": dict(messages=[m("system", "Rules.")], add_generation_prompt=True),
    "system-late": dict(messages=[m("user", "Hi"), m("system", "Now rhyme."), m("user", "Go")], add_generation_prompt=True),
    "assistant-last": dict(messages=[m("user", "Hi"), m("assistant", " Hello there ")]),
    "assistant-first": dict(messages=[m("assistant", "Hello"), m("user", "Hi")], add_generation_prompt=True),
    "two-users": dict(messages=[m("user", "a"), m("user", "b")], add_generation_prompt=True),
    "unknown-role": dict(messages=[m("user", "a"), m("developer", "b")], add_generation_prompt=True),
    "empty": dict(messages=[], add_generation_prompt=True),
    "empty-content": dict(messages=[m("system", ""), m("user", ""), m("assistant", ""), m("user", "x")], add_generation_prompt=True),
    "unicode": dict(messages=[m("user", "Grüße 你好 😀 ▁ \u00a0 \u2028 e\u0301 \\n \" ' < > & {{ x }} {% y %}"), m("assistant", "Привет\t\r\n"), m("user", "שלום")]),
    "no-content": dict(messages=[m("user", "Hi"), {"role": "assistant"}, m("user", "x")]),
    "null-content": dict(messages=[m("user", "Hi"), m("assistant", None), m("user", "x")], add_generation_prompt=True),
    "null-user": dict(messages=[m("user", None)]),
    "parts": dict(messages=[m("user", [{"type": "text", "text": "Look: "}, {"type": "image"}, {"type": "text", "text": "what?"}])], add_generation_prompt=True),
    "think": dict(messages=THINK, add_generation_prompt=True),
    "think-last": dict(messages=THINK[:4]),
    "think-on": dict(messages=THINK[:1], add_generation_prompt=True, enable_thinking=True, thinking=True),
    "think-off": dict(messages=THINK[:1], add_generation_prompt=True, enable_thinking=False),
    "think-words": dict(messages=[m("system", "Be brief. /no_think"), m("user", "Go /think now")], add_generation_prompt=True),
    "no-think-words": dict(messages=[m("system", "Be brief."), m("user", "Go /no_think")], add_generation_prompt=True),
    "think-open": dict(messages=[m("user", "x"), m("assistant", "<think>never closed"), m("user", "y")], add_generation_prompt=True),
    "keep-thinking": dict(messages=THINK, keep_past_thinking=True, preserve_thinking=True, truncate_history_thinking=False, add_generation_prompt=True),
    "reasoning": dict(messages=REASONING),
    "reasoning-generate": dict(messages=REASONING[:3], add_generation_prompt=True),
    "tools-unused": dict(messages=HELLO, tools=[WEATHER], add_generation_prompt=True),
    "tools-system": dict(messages=SYSTEM, tools=[WEATHER, SUM], add_generation_prompt=True),
    "tools-bare": dict(messages=HELLO, tools=[BARE, "raw tool"], add_generation_prompt=True),
    "tools-call": dict(messages=TOOLS[:2], tools=[WEATHER]),
    "tools-result": dict(messages=TOOLS[:3], tools=[WEATHER], add_generation_prompt=True),
    "tools-answer": dict(messages=TOOLS, tools=[SUM]),
    "tools-two": dict(messages=TWO_CALLS, tools=[SUM], add_generation_prompt=True),
    "tools-none-given": dict(messages=TWO_CALLS[:5], add_generation_prompt=True),
    "tools-null-content": dict(messages=[TOOLS[0], {**TOOLS[1], "content": None}, TOOLS[2]], tools=[BARE], add_generation_prompt=True),
    "tools-text-arguments": dict(messages=[TOOLS[0], m("assistant", "Hm", tool_calls=[call("get_weather", "{\"city\": \"Z\u00fcrich\"}")]), TOOLS[2]], tools=[BARE]),
    "tools-reasoning": dict(messages=[TOOLS[0], {**TOOLS[1], "reasoning_content": "I need the weather.", "thinking": "weather"}, TOOLS[2]], tools=[BARE], add_generation_prompt=True),
    "tools-think": dict(messages=[TOOLS[0], {**TOOLS[1], "content": "<think>\nlook it up\n</think>\nOne moment."}, *TOOLS[2:], m("user", "ok")], tools=[BARE]),
    "documents": dict(messages=HELLO, documents=[{"doc_id": 1, "text": "Ärzte"}, {"doc_id": "b", "title": "T", "text": "two"}], controls={"citations": True, "length": "long"},
                      add_generation_prompt=True),
    "documents-tools": dict(messages=SYSTEM, documents=[{"doc_id": 1, "text": "one"}], tools=[BARE], contexts=[" ctx "], add_generation_prompt=True),
    "available-tools": dict(messages=HELLO, available_tools=[BARE]),
    "continue": dict(messages=MULTI[:2], continue_final_message=True),
    "continue-false": dict(messages=MULTI[:2], continue_final_message=False, add_generation_prompt=False),
}


def variables(case):
    # as transformers calls it: these four are always there
    return {**SPECIAL, "tools": None, "documents": None, "add_generation_prompt": False, **case}


def main():
    templates = sorted(name for name in os.listdir(FOLDER) if name.endswith(".jinja"))
    outputs = {}
    for name in templates:
        source = open(os.path.join(FOLDER, name), encoding="utf-8", newline="").read()
        outputs[name] = {case: jinja.render(source, variables(values)) for case, values in CASES.items()}
    # equal texts are many: templates and cases name them by number
    texts = {}
    table = {name: {case: texts.setdefault(json.dumps(result), len(texts)) for case, result in results.items()} for name, results in outputs.items()}
    document = {"now": jinja.NOW.isoformat(), "special": SPECIAL, "cases": {case: variables(values) for case, values in CASES.items()},
                "results": [json.loads(text) for text in texts], "templates": table}
    with open(os.path.join(FOLDER, "expected.json"), "w", encoding="utf-8") as f:
        json.dump(document, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")
    print(len(templates), "templates", len(CASES), "cases", sum(len(r) == 2 for rs in outputs.values() for r in rs.values()), "errors")


if __name__ == "__main__":
    main()
