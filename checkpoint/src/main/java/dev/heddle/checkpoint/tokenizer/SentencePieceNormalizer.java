package dev.heddle.checkpoint.tokenizer;

import dev.heddle.checkpoint.CheckpointException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Prepares a text for SentencePiece: replaces characters by a compiled table (NFKC and the like), squeezes and marks
/// spaces, adds the dummy prefix. User-defined pieces pass unchanged.
///
/// The compiled table is the length of a double array in bytes (32 bits, little endian), the double array, and the
/// replacements, each ended by a zero byte. The double array is a trie over UTF-8 in the layout of Darts-clone: a
/// 32-bit unit holds the label of the edge into it (low 8 bits), whether a value hangs below it (bit 8) and the offset
/// to its children (bits 10 and up, shifted by 8 more if bit 9 is set); a value's unit has bit 31 set.
final class SentencePieceNormalizer {
    static final char SPACE_MARK = '\u2581';

    private final SentencePieceModel.Normalization rules;
    private final boolean whitespaceAsSuffix;
    private final PrefixTrie userDefined;
    private final int[] units;
    private final byte[] replacements;
    private final String origin;

    /// @param userDefined the texts that pass unchanged
    SentencePieceNormalizer(SentencePieceModel model, PrefixTrie userDefined, String origin) {
        rules = model.normalization();
        whitespaceAsSuffix = model.whitespaceAsSuffix();
        this.userDefined = userDefined;
        this.origin = origin;
        byte[] charsmap = rules.charsmap();
        if (charsmap.length == 0) {
            units = new int[0];
            replacements = new byte[0];
            return;
        }
        ByteBuffer data = ByteBuffer.wrap(charsmap).order(ByteOrder.LITTLE_ENDIAN);
        long size = charsmap.length < 4 ? -1 : Integer.toUnsignedLong(data.getInt());
        if (size <= 0 || size % 4 != 0 || size > data.remaining()) {
            throw damaged("its trie has " + size + " bytes of " + charsmap.length);
        }
        units = new int[(int) size / 4];
        data.asIntBuffer().get(units);
        data.position(4 + (int) size);
        replacements = new byte[data.remaining()];
        data.get(replacements);
        if (replacements.length == 0 || replacements[replacements.length - 1] != 0) {
            throw damaged("its last replacement has no end");
        }
    }

    /// @param dummyPrefix whether the dummy space is added if the model asks for it
    String normalize(String text, boolean dummyPrefix) {
        char space = rules.markSpaces() ? SPACE_MARK : ' ';
        boolean dummy = rules.dummyPrefix() && dummyPrefix;
        StringBuilder out = new StringBuilder(text.length() + 8);
        StringBuilder unit = new StringBuilder();
        int at = 0;
        if (rules.squeezeSpaces()) {
            for (int next; at < text.length(); at = next) {
                unit.setLength(0);
                next = step(text, at, unit);
                if (!unit.toString().equals(" ")) {
                    break;
                }
            }
        }
        if (at == text.length()) {
            return "";
        }
        if (dummy && !whitespaceAsSuffix) {
            out.append(space);
        }
        boolean afterSpace = rules.squeezeSpaces();
        while (at < text.length()) {
            unit.setLength(0);
            at = step(text, at, unit);
            int from = 0;
            while (afterSpace && from < unit.length() && unit.charAt(from) == ' ') {
                from++;
            }
            if (from < unit.length()) {
                for (int i = from; i < unit.length(); i++) {
                    out.append(unit.charAt(i) == ' ' ? space : unit.charAt(i));
                }
                afterSpace = unit.charAt(unit.length() - 1) == ' ';
            }
            afterSpace &= rules.squeezeSpaces();
        }
        if (rules.squeezeSpaces()) {
            while (!out.isEmpty() && out.charAt(out.length() - 1) == space) {
                out.setLength(out.length() - 1);
            }
        }
        if (dummy && whitespaceAsSuffix) {
            out.append(space);
        }
        return out.toString();
    }

    /// Appends to `out` what the text at `at` becomes; the place after what was consumed.
    private int step(String text, int at, StringBuilder out) {
        int end = userDefined.longest(text, at);
        if (end > at) {
            out.append(text, at, end);
            return end;
        }
        if (units.length > 0) {
            end = replaced(text, at, out);
            if (end > at) {
                return end;
            }
        }
        int c = text.codePointAt(at);
        out.appendCodePoint(c);
        return at + Character.charCount(c);
    }

    /// The longest entry of the table at `at`; appends its replacement.
    private int replaced(String text, int at, StringBuilder out) {
        int end = at;
        int value = -1;
        int unit = units[0];
        int node = offset(unit);
        search:
        for (int i = at; i < text.length();) {
            int c = text.codePointAt(i);
            int length = Character.charCount(c);
            for (byte b : utf8(c)) {
                node ^= b & 0xFF;
                unit = unit(node);
                if ((unit & 0x800000FF) != (b & 0xFF)) {
                    break search;
                }
                node ^= offset(unit);
            }
            i += length;
            if ((unit >>> 8 & 1) != 0) {
                value = unit(node) & 0x7FFFFFFF;
                end = i;
            }
        }
        if (end > at) {
            int stop = value;
            while (stop < replacements.length && replacements[stop] != 0) {
                stop++;
            }
            if (stop >= replacements.length) {
                throw damaged("a replacement lies at byte " + value + " of " + replacements.length);
            }
            out.append(new String(replacements, value, stop - value, StandardCharsets.UTF_8));
        }
        return end;
    }

    private int unit(int node) {
        if (node < 0 || node >= units.length) {
            throw damaged("its trie refers to unit " + node + " of " + units.length);
        }
        return units[node];
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    private static byte[] utf8(int c) {
        return c < 0x80 ? new byte[] {(byte) c} : Character.toString(c).getBytes(StandardCharsets.UTF_8);
    }

    private CheckpointException damaged(String why) {
        return new CheckpointException(origin + ": the precompiled_charsmap is damaged: " + why);
    }
}
