package dev.heddle.engine.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/// The texts of JSON (RFC 8259), as a model should write them: between values at most one space, or one line break with
/// at most [#INDENT] spaces; numbers of at most [#DIGITS] digits in each part; no half of a surrogate pair alone.
final class JsonText {
    /// Digits of a number's whole part beyond its first, and of its fraction.
    static final int DIGITS = 15;
    private static final int INDENT = 24;
    private static final ByteSet DIGIT = ByteSet.range('0', '9');

    private final Grammar grammar;
    final Language space;
    /// One character within quotes.
    final Language character;
    final Language string;
    final Language whole;
    final Language number;
    /// A value of any kind.
    final Language value;

    JsonText(Grammar grammar) {
        this.grammar = grammar;
        space = grammar.choice(List.of(grammar.empty(), byteOf(' '),
                grammar.sequence(byteOf('\n'), grammar.repeat(byteOf(' '), 0, INDENT))));
        character = characters();
        string = quoted(grammar.repeat(character, 0, -1));
        Language digits = grammar.bytes(DIGIT);
        Language natural = grammar.choice(byteOf('0'), grammar.sequence(grammar.bytes(ByteSet.range('1', '9')),
                grammar.repeat(digits, 0, DIGITS)));
        whole = grammar.sequence(grammar.optional(byteOf('-')), natural);
        Language exponent = grammar.sequence(grammar.bytes(ByteSet.of("eE")), grammar.optional(grammar.bytes(ByteSet.of("+-"))),
                grammar.repeat(digits, 1, 2));
        number = grammar.sequence(whole, grammar.optional(fraction()), grammar.optional(exponent));
        value = grammar.define("any value", () -> grammar.choice(List.of(string, number, grammar.text("true"),
                grammar.text("false"), grammar.text("null"), object(string, grammar.reference("any value")),
                array(grammar.reference("any value"), 0, -1))));
    }

    Language byteOf(char c) {
        return grammar.bytes(ByteSet.NONE.with(c));
    }

    Language digits(int count) {
        return grammar.repeat(grammar.bytes(DIGIT), count, count);
    }

    /// A point and digits.
    Language fraction() {
        return grammar.sequence(byteOf('.'), grammar.repeat(grammar.bytes(DIGIT), 1, DIGITS));
    }

    /// A point and digits that are not all 0.
    Language positiveFraction() {
        Language digit = grammar.bytes(DIGIT);
        int half = DIGITS / 2;
        return grammar.sequence(byteOf('.'), grammar.repeat(byteOf('0'), 0, half), grammar.bytes(ByteSet.range('1', '9')),
                grammar.repeat(digit, 0, half));
    }

    Language quoted(Language content) {
        return grammar.sequence(byteOf('"'), content, byteOf('"'));
    }

    /// Exactly this value, without spaces.
    Language literal(JsonNode node) {
        return grammar.text(node.toString());
    }

    /// The text between a key and its value.
    Language colon() {
        return grammar.sequence(byteOf(':'), space);
    }

    /// The text between two items or members.
    Language comma() {
        return grammar.sequence(byteOf(','), space);
    }

    Language array(Language item, int min, int max) {
        Language more = grammar.repeat(grammar.sequence(comma(), item), Math.max(0, min - 1), max < 0 ? -1 : Math.max(0, max - 1));
        Language items = max == 0 ? grammar.empty() : grammar.sequence(item, more, space);
        return grammar.sequence(byteOf('['), space, min == 0 ? grammar.optional(items) : items, byteOf(']'));
    }

    /// An object of any number of members.
    Language object(Language key, Language item) {
        return grammar.sequence(byteOf('{'), space, grammar.optional(grammar.sequence(members(key, item), space)), byteOf('}'));
    }

    /// One member or more.
    Language members(Language key, Language item) {
        Language member = grammar.sequence(key, colon(), item);
        return grammar.sequence(member, grammar.repeat(grammar.sequence(comma(), member), 0, -1));
    }

    /// Characters within quotes: those of Unicode except controls, quotes and backslashes, and the escapes.
    private Language characters() {
        Language hex = grammar.bytes(ByteSet.of("0123456789abcdefABCDEF"));
        Language threeHex = grammar.repeat(hex, 3, 3);
        Language twoHex = grammar.repeat(hex, 2, 2);
        Language d = grammar.bytes(ByteSet.of("dD"));
        Language plain = grammar.sequence(grammar.bytes(ByteSet.of("0123456789abcefABCEF")), threeHex);
        Language belowSurrogates = grammar.sequence(d, grammar.bytes(ByteSet.range('0', '7')), twoHex);
        Language pair = grammar.sequence(d, grammar.bytes(ByteSet.of("89abAB")), twoHex, grammar.text("\\u"),
                grammar.sequence(d, grammar.bytes(ByteSet.of("cdefCDEF")), twoHex));
        Language unicode = grammar.sequence(byteOf('u'), grammar.choice(List.of(plain, belowSurrogates, pair)));
        Language escape = grammar.sequence(byteOf('\\'), grammar.choice(grammar.bytes(ByteSet.of("\"\\/bfnrt")), unicode));
        List<Language> all = new ArrayList<>();
        all.add(escape);
        all.add(grammar.bytes(ByteSet.range(0x20, 0x7E).minus(ByteSet.of("\"\\"))));
        all.add(new Utf8Ranges(grammar).language(0x80, 0x10FFFF));
        return grammar.choice(all);
    }
}
