package dev.heddle.checkpoint.tokenizer;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;

/// The RWKV "world" vocabulary: pieces are byte strings, and a text's UTF-8 is cut greedily, always at the longest
/// piece. Id 0 ends a text and has no bytes.
///
/// The file holds one piece a line, `ID LITERAL LENGTH`: a Python literal of text (`'…'`) or bytes (`b'…'`) and its
/// length in bytes.
final class RwkvTokenizer implements Tokenizer {
    static final int END_OF_TEXT = 0;
    static final String END_OF_TEXT_NAME = "<|rwkv_tokenizer_end_of_text|>";
    private static final byte[] NO_BYTES = {};
    private static final int MAX_ID = 1 << 24;

    private final List<byte[]> pieces;
    private final PrefixTrie trie;
    private final AddedTokens added;
    private final SpecialTokens special;

    private RwkvTokenizer(List<byte[]> pieces, PrefixTrie trie, Function<RwkvTokenizer, SpecialTokens> special) {
        this.pieces = pieces;
        this.trie = trie;
        this.special = special.apply(this);
        added = new AddedTokens(List.of(new AddedTokens.Added(END_OF_TEXT, END_OF_TEXT_NAME, true)));
    }

    /// The tokenizer over the vocabulary in `file`, for the model in `folder`.
    static RwkvTokenizer load(Path folder, Path file) {
        String text;
        try {
            text = Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file + ": not UTF-8, expected lines of the form ID LITERAL LENGTH", e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
        Vocabulary vocabulary = new Vocabulary();
        int number = 0;
        for (int from = 0; from < text.length();) {
            int end = text.indexOf('\n', from);
            end = end < 0 ? text.length() : end;
            number++;
            String line = text.substring(from, end > from && text.charAt(end - 1) == '\r' ? end - 1 : end);
            from = end + 1;
            if (!line.isEmpty()) {
                try {
                    vocabulary.add(line);
                } catch (IllegalArgumentException e) {
                    throw new CheckpointException(file + " line " + number + ": " + e.getMessage(), e);
                }
            }
        }
        return vocabulary.tokenizer(file.toString(), tokenizer -> {
            Map<String, String> names = new LinkedHashMap<>();
            names.put("bos_token", END_OF_TEXT_NAME);
            names.put("eos_token", END_OF_TEXT_NAME);
            OptionalInt end = OptionalInt.of(END_OF_TEXT);
            return SpecialTokens.read(folder, new SpecialTokens.Defaults(end, end, OptionalInt.empty(), names),
                    name -> name.equals(END_OF_TEXT_NAME) ? end : tokenizer.exact(name));
        });
    }

    /// A vocabulary under construction.
    static final class Vocabulary {
        private final PrefixTrie trie = new PrefixTrie();
        private final List<byte[]> pieces = new ArrayList<>();

        /// @throws CheckpointException if there are texts that it cannot encode
        RwkvTokenizer tokenizer(String origin, Function<RwkvTokenizer, SpecialTokens> special) {
            for (int b = 0; b < 256; b++) {
                int node = trie.child(PrefixTrie.ROOT, b);
                if (node == PrefixTrie.NONE || trie.value(node) == PrefixTrie.NONE) {
                    throw new CheckpointException(origin + ": no piece is the single byte " + b
                            + ", expected one for each, so that every text can be encoded");
                }
            }
            return new RwkvTokenizer(pieces, trie, special);
        }

        private void add(String line) {
            int first = line.indexOf(' ');
            int last = line.lastIndexOf(' ');
            if (first < 1 || last <= first) {
                throw new IllegalArgumentException("found \"" + line + "\", expected ID LITERAL LENGTH");
            }
            int id = number(line.substring(0, first));
            byte[] piece = PythonLiteral.bytes(line.substring(first + 1, last));
            int length = number(line.substring(last + 1));
            if (piece.length != length) {
                throw new IllegalArgumentException("the piece has " + piece.length + " bytes, its length says " + length);
            }
            // some copies of the file list it, under differing names; it has no bytes of its own
            if (id != END_OF_TEXT) {
                add(id, piece);
            }
        }

        /// @throws IllegalArgumentException if the piece is empty, or it or its id is there already
        void add(int id, byte[] piece) {
            if (piece.length == 0) {
                throw new IllegalArgumentException("the piece is empty");
            }
            while (pieces.size() <= id) {
                pieces.add(NO_BYTES);
            }
            if (pieces.get(id).length > 0) {
                throw new IllegalArgumentException("the id " + id + " occurs twice");
            }
            pieces.set(id, piece);
            int before = trie.put(piece, id);
            if (before != PrefixTrie.NONE) {
                throw new IllegalArgumentException("the piece is that of id " + before + " too");
            }
        }
    }

    private static int number(String text) {
        if (!text.chars().allMatch(c -> c >= '0' && c <= '9') || text.isEmpty() || text.length() > 8
                || Integer.parseInt(text) >= MAX_ID) {
            throw new IllegalArgumentException("found \"" + text + "\", expected a number below " + MAX_ID);
        }
        return Integer.parseInt(text);
    }

    @Override
    public int[] encode(String text, boolean addSpecial) {
        return added.split(WellFormed.of(text), this::greedy);
    }

    private int[] greedy(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[bytes.length];
        int count = 0;
        for (int at = 0; at < bytes.length;) {
            int end = at;
            int id = PrefixTrie.NONE;
            int node = PrefixTrie.ROOT;
            for (int i = at; i < bytes.length; i++) {
                node = trie.child(node, bytes[i] & 0xFF);
                if (node == PrefixTrie.NONE) {
                    break;
                }
                if (trie.value(node) != PrefixTrie.NONE) {
                    id = trie.value(node);
                    end = i + 1;
                }
            }
            ids[count++] = id;
            at = end;
        }
        return Arrays.copyOf(ids, count);
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        TokenStream stream = stream(new int[0], skipSpecial);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.feed(id));
        }
        return text.append(stream.finish()).toString();
    }

    @Override
    public TokenStream stream(int[] context, boolean skipSpecial) {
        return new Stream(skipSpecial);
    }

    @Override
    public String piece(int id) {
        if (id == END_OF_TEXT) {
            return END_OF_TEXT_NAME;
        }
        byte[] piece = pieces.get(id);
        String text = new String(piece, StandardCharsets.UTF_8);
        if (Arrays.equals(text.getBytes(StandardCharsets.UTF_8), piece)) {
            return text;
        }
        StringBuilder hex = new StringBuilder();
        for (byte b : piece) {
            hex.append(String.format("<0x%02X>", b & 0xFF));
        }
        return hex.toString();
    }

    @Override
    public OptionalInt id(String piece) {
        OptionalInt id = added.id(piece);
        return id.isPresent() ? id : exact(piece);
    }

    private OptionalInt exact(String piece) {
        int node = PrefixTrie.ROOT;
        for (byte b : piece.getBytes(StandardCharsets.UTF_8)) {
            node = trie.child(node, b & 0xFF);
            if (node == PrefixTrie.NONE) {
                return OptionalInt.empty();
            }
        }
        int id = trie.value(node);
        return id == PrefixTrie.NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    @Override
    public int size() {
        return pieces.size();
    }

    @Override
    public SpecialTokens special() {
        return special;
    }

    @Override
    public boolean isSpecial(int id) {
        return id == END_OF_TEXT;
    }

    private final class Stream implements TokenStream {
        private final boolean skipSpecial;
        private final Utf8 utf8 = new Utf8();

        Stream(boolean skipSpecial) {
            this.skipSpecial = skipSpecial;
        }

        @Override
        public String feed(int id) {
            if (id < 0) {
                throw new IllegalArgumentException("token id " + id + ", expected 0 or more");
            }
            StringBuilder text = new StringBuilder();
            if (id == END_OF_TEXT && !skipSpecial) {
                utf8.finish(text);
                text.append(END_OF_TEXT_NAME);
            } else if (id < pieces.size()) {
                for (byte b : pieces.get(id)) {
                    utf8.feed(b, text);
                }
            }
            return text.toString();
        }

        @Override
        public String finish() {
            StringBuilder text = new StringBuilder();
            utf8.finish(text);
            return text.toString();
        }
    }
}
