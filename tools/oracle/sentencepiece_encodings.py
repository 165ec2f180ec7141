#!/usr/bin/env python3
"""Writes testdata/tokenizers/sentencepiece/*: small trained models and encodings by the reference implementation.

Needs Debian's packages `sentencepiece` and `python3-sentencepiece` (0.1.97). Run from the repository root:
    /usr/bin/python3 tools/oracle/sentencepiece_encodings.py
"""
import json
import os
import random
import subprocess
import tempfile

import sentencepiece

OUT = "testdata/tokenizers/sentencepiece"
CORPUS = "models/story-falcon-h1/validation.txt"

TEXTS = [
    "", " ", "  ", "\n", "\t", "a", "Hello", " Hello", "Hello ", "  Hello   world  ", "Hello, world!",
    "The quick brown fox jumps over the lazy dog.", "It's 3.14159 or 1,000,000; isn't it?",
    "Once upon a time there was a little girl who lived in a village near the forest.",
    "line one\nline two\r\nline three\n\n\nline six", "tab\tseparated\t\tvalues", "trailing newline\n",
    "def f(x):\n    return x ** 2  # square\n\nfor i in range(10):\n\tprint(f(i))\n",
    "public static void main(String[] args) { System.out.println(\"hi\"); }",
    "<html><body class=\"x\">&nbsp;</body></html>", "{\"a\": [1, 2.5, null, true], \"b\": {\"c\": \"d\"}}",
    "[INST] What is your favourite condiment? [/INST] Well, I'm quite partial to a good squeeze of fresh lemon juice.",
    "naïve café résumé coöperate Ærøskøbing", "Größenwahn, Übermut, Straße", "Привет, как дела?", "Ελληνικά γράμματα",
    "你好，世界！今天天气怎么样？", "日本語の文章です。カタカナ、ひらがな、漢字。", "안녕하세요 세계", "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया",
    "สวัสดีชาวโลก", "😀", "👩‍👩‍👧‍👦 family", "🇩🇪🇯🇵 flags", "emoji 🎉 in 🎊 text 🥳!", "e\u0301 combining vs é", "ﬁ ligature ﬂ ﬀ",
    "ｆｕｌｌｗｉｄｔｈ　ＴＥＸＴ１２３", "①②③ ½ ² ™ ℃ Ⅳ", "\u00a0non\u00a0breaking\u2003spaces\u3000here", "zero\u200bwidth\u200djoiner\ufeffbom",
    "soft\u00adhyphen", "▁already▁marked▁", "▁", "▁▁▁", " ▁ ▁", "control \x01\x02\x7f chars", "nul \x00 inside", "\x1b[31mred\x1b[0m",
    "bell\x07 backspace\x08 vt\x0b ff\x0c", "\u2028line\u2029paragraph\u0085next", "𝕳𝖊𝖑𝖑𝖔 𝓦𝓸𝓻𝓵𝓭", "𠜎𠜱𠝹 rare ideographs", "\U0010ffff max",
    "\ufffd replacement", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ababababababababababababab", "                                ",
    "a" + " " * 17 + "b", "\n" * 20, "\t" * 9, "....................", "----------", "=====", "_____", "!!!???!!!",
    "https://example.com/path?query=1&other=%20#frag", "user@example.com", "C:\\Windows\\System32", "/usr/local/bin", "x=y+z*2-(a/b)",
    "CamelCaseWord snake_case_word kebab-case-word SCREAMING_CASE", "1234567890", "0x1F600", "3e-10", "12:34:56", "2024-01-31",
    "<s>", "</s>", "<unk>", "<0x41>", "<0xFF> <0x0A>", "<pad>", "<mask>", "a<mask>b", " <mask> ", "<sep><sep>x<sep>", "<user>hi</user>",
    "the the the", "The Old King said to his daughter:", "\"Yes,\" she said, \"I will.\"", "Mr. and Mrs. Smith's", "don't won't can't",
]


def more(seed):
    rng = random.Random(seed)
    alphabets = [
        [chr(c) for c in range(32, 127)], list("abcdefgh  \n\t"), list("  ▁ab"), ["the", " ", "old", "king", "<sep>", "<mask>", "ing", "ed", "\n"],
        [chr(c) for c in list(range(0xA0, 0x180)) + list(range(0x2000, 0x2070)) + list(range(0xFB00, 0xFB07)) + list(range(0xFF01, 0xFF5F))],
        [chr(c) for c in list(range(0x3040, 0x3100)) + list(range(0x4E00, 0x4E80)) + list(range(0x1F600, 0x1F640))],
        list("aéü中😀 \x00\x01ﬁｆ①"),
    ]
    for i in range(140):
        alphabet = alphabets[i % len(alphabets)]
        yield "".join(rng.choice(alphabet) for _ in range(rng.randint(1, 60)))
    words = open(CORPUS, encoding="utf-8").read()
    for _ in range(40):
        at = rng.randrange(len(words) - 400)
        yield words[at:at + rng.randint(5, 300)]


def train(name, **options):
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "m")
        rules = options.pop("rules", None)
        if rules is not None:
            options["normalization_rule_tsv"] = os.path.join(folder, "rules.tsv")
            with open(options["normalization_rule_tsv"], "w", encoding="utf-8") as f:
                for source, target in rules:
                    f.write(" ".join(f"{ord(c):X}" for c in source) + "\t" + " ".join(f"{ord(c):X}" for c in target) + "\n")
        arguments = [f"--{k}={v}" for k, v in dict(input=CORPUS, model_prefix=prefix, minloglevel=2, num_threads=1, **options).items()]
        subprocess.run(["spm_train", *arguments], check=True, stderr=subprocess.DEVNULL)
        target = os.path.join(OUT, name + ".model")
        os.replace(prefix + ".model", target)
        return target


def encodings(model, texts):
    sp = sentencepiece.SentencePieceProcessor(model_file=model)
    rng = random.Random(7)
    cases = []
    for text in texts:
        ids = sp.encode(text)
        cases.append([text, ids, sp.decode(ids)])
    # ids that no text gives: byte pieces that are no UTF-8, unknown and control pieces anywhere
    decodings = []
    for i in range(120):
        few = sorted({0, 1, 2, *range(3, min(sp.get_piece_size(), 12)), sp.piece_to_id("▁"), sp.piece_to_id("▁the")})
        pool = [few, range(sp.get_piece_size()), range(3, min(259, sp.get_piece_size()))][i % 3]
        ids = [rng.choice(pool) for _ in range(rng.randint(1, 12))]
        decodings.append([ids, sp.decode(ids)])
    return {"size": sp.get_piece_size(), "unk": sp.unk_id(), "bos": sp.bos_id(), "eos": sp.eos_id(), "pad": sp.pad_id(),
            "encode": cases, "decode": decodings}


def main():
    os.makedirs(OUT, exist_ok=True)
    texts = TEXTS + list(more(1))
    rules = [("ﬁ", "fi"), ("ﬂ", "fl"), ("①", "1"), ("½", "1/2"), ("e\u0301", "é"), ("e", "e"), ("™", "TM"), ("\u00a0", " "), ("\u3000", " "), ("\u2003", "  "),
             ("\t", " "), ("\n", " "), ("\r", " "), ("\u200b", ""), ("\ufeff", ""), ("\x01", ""), ("\x7f", ""), ("\u00ad", ""), ("𝕳", "H"), ("ä\u0301x", "<axe>"), ("ä", "ae")]
    rules += [(chr(c), chr(c - 0xFEE0)) for c in range(0xFF01, 0xFF5F)]
    models = {
        "mistral-v1": "testdata/tokenizers/mistral_tokenizer.model.v1",
        "unigram": train("unigram", model_type="unigram", vocab_size=420, rules=rules, user_defined_symbols="<sep>,<mask>,the king", pad_id=3),
        "unigram-bytes-suffix": train("unigram-bytes-suffix", model_type="unigram", vocab_size=560, normalization_rule_name="identity", byte_fallback="true",
                                      treat_whitespace_as_suffix="true", character_coverage=0.99),
        "bpe": train("bpe", model_type="bpe", vocab_size=420, rules=rules, user_defined_symbols="<sep>,<mask>", control_symbols="<user>,</user>"),
        "bpe-bytes-plain": train("bpe-bytes-plain", model_type="bpe", vocab_size=600, normalization_rule_name="identity", byte_fallback="true", remove_extra_whitespaces="false",
                                 add_dummy_prefix="false", user_defined_symbols="  ,    ,\\n", character_coverage=0.99),
    }
    for name, model in models.items():
        with open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8") as f:
            json.dump(encodings(model, texts), f, ensure_ascii=True, separators=(",", ":"))
            f.write("\n")


if __name__ == "__main__":
    main()
