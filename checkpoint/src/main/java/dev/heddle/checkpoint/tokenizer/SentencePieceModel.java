package dev.heddle.checkpoint.tokenizer;

import dev.heddle.checkpoint.CheckpointException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// What a SentencePiece `tokenizer.model` holds: a protocol buffer of type `ModelProto`, read field by field.
/// Fields that do not matter for tokenizing are passed over.
///
/// @param pieces the vocabulary; a piece's id is its place
/// @param byteFallback whether characters without a piece become byte pieces
/// @param whitespaceAsSuffix whether words end, not begin, with the space mark
/// @param unknownSurface the text that an unknown piece decodes to
/// @param normalization how texts are prepared
/// @see <a href="https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto">the message types</a>
record SentencePieceModel(Algorithm algorithm, List<Piece> pieces, boolean byteFallback, boolean whitespaceAsSuffix,
        String unknownSurface, String bosPiece, String eosPiece, String padPiece, Normalization normalization) {
    enum Algorithm { UNIGRAM, BPE }

    enum Type { NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE }

    record Piece(String text, float score, Type type) {
    }

    /// @param charsmap compiled character replacements, see [SentencePieceNormalizer]; may be empty
    /// @param dummyPrefix whether a space is put before (after, for suffixes) the text
    /// @param squeezeSpaces whether runs of spaces become one and spaces at both ends go
    /// @param markSpaces whether spaces become the mark `▁`
    record Normalization(byte[] charsmap, boolean dummyPrefix, boolean squeezeSpaces, boolean markSpaces) {
    }

    static SentencePieceModel parse(byte[] file, String origin) {
        return new Parser(origin).model(new Message(file, origin));
    }

    private static final class Parser {
        final String origin;
        final List<Piece> pieces = new ArrayList<>();
        long algorithm = 1;
        boolean byteFallback;
        boolean whitespaceAsSuffix;
        String unknownSurface = " \u2047 ";
        String bosPiece = "<s>";
        String eosPiece = "</s>";
        String padPiece = "<pad>";
        byte[] charsmap = {};
        boolean dummyPrefix = true;
        boolean squeezeSpaces = true;
        boolean markSpaces = true;

        Parser(String origin) {
            this.origin = origin;
        }

        SentencePieceModel model(Message message) {
            while (message.next()) {
                switch (message.field()) {
                    case 1 -> pieces.add(piece(message.message("piece " + pieces.size())));
                    case 2 -> trainer(message.message("trainer_spec"));
                    case 3 -> normalizer(message.message("normalizer_spec"));
                    default -> message.skip();
                }
            }
            if (pieces.isEmpty()) {
                throw new CheckpointException(origin + ": holds no pieces, expected a SentencePiece model");
            }
            Algorithm kind = switch ((int) algorithm) {
                case 1 -> Algorithm.UNIGRAM;
                case 2 -> Algorithm.BPE;
                default -> throw new CheckpointException(origin + ": the SentencePiece model_type is " + algorithm
                        + ", expected 1 (unigram) or 2 (BPE); word and character models are not supported");
            };
            return new SentencePieceModel(kind, List.copyOf(pieces), byteFallback, whitespaceAsSuffix, unknownSurface,
                    bosPiece, eosPiece, padPiece,
                    new Normalization(charsmap, dummyPrefix, squeezeSpaces, markSpaces));
        }

        private Piece piece(Message message) {
            String text = "";
            float score = 0;
            long type = 1;
            while (message.next()) {
                switch (message.field()) {
                    case 1 -> text = message.text("piece " + pieces.size());
                    case 2 -> score = message.float32("the score of piece " + pieces.size());
                    case 3 -> type = message.varint("the type of piece " + pieces.size());
                    default -> message.skip();
                }
            }
            if (text.isEmpty()) {
                throw new CheckpointException(origin + ": piece " + pieces.size() + " is empty");
            }
            return new Piece(text, score, switch ((int) type) {
                case 1 -> Type.NORMAL;
                case 2 -> Type.UNKNOWN;
                case 3 -> Type.CONTROL;
                case 4 -> Type.USER_DEFINED;
                case 5 -> Type.UNUSED;
                case 6 -> Type.BYTE;
                default -> throw new CheckpointException(origin + ": piece " + pieces.size() + " has the type " + type
                        + ", expected 1 to 6");
            });
        }

        private void trainer(Message message) {
            while (message.next()) {
                switch (message.field()) {
                    case 3 -> algorithm = message.varint("model_type");
                    case 24 -> whitespaceAsSuffix = message.varint("treat_whitespace_as_suffix") != 0;
                    case 35 -> byteFallback = message.varint("byte_fallback") != 0;
                    case 44 -> unknownSurface = message.text("unk_surface");
                    case 46 -> bosPiece = message.text("bos_piece");
                    case 47 -> eosPiece = message.text("eos_piece");
                    case 48 -> padPiece = message.text("pad_piece");
                    default -> message.skip();
                }
            }
        }

        private void normalizer(Message message) {
            while (message.next()) {
                switch (message.field()) {
                    case 2 -> charsmap = message.bytes("precompiled_charsmap");
                    case 3 -> dummyPrefix = message.varint("add_dummy_prefix") != 0;
                    case 4 -> squeezeSpaces = message.varint("remove_extra_whitespaces") != 0;
                    case 5 -> markSpaces = message.varint("escape_whitespaces") != 0;
                    default -> message.skip();
                }
            }
        }
    }

    /// One protocol buffer message, read forward. Every length is checked against what is left.
    /// @see <a href="https://protobuf.dev/programming-guides/encoding/">the wire format</a>
    private static final class Message {
        private static final int VARINT = 0;
        private static final int FIXED64 = 1;
        private static final int BYTES = 2;
        private static final int FIXED32 = 5;

        private final ByteBuffer data;
        private final String origin;
        private int field;
        private int wire;

        Message(byte[] data, String origin) {
            this.data = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
            this.origin = origin;
        }

        /// Moves to the next field; false at the end.
        boolean next() {
            if (!data.hasRemaining()) {
                return false;
            }
            long tag = rawVarint("a field's tag");
            if (tag >>> 3 == 0 || tag >>> 32 != 0) {
                throw invalid("a field's tag", "field number " + (tag >>> 3), "1 or more");
            }
            field = (int) (tag >>> 3);
            wire = (int) tag & 7;
            return true;
        }

        int field() {
            return field;
        }

        long varint(String what) {
            expect(VARINT, what);
            return rawVarint(what);
        }

        float float32(String what) {
            expect(FIXED32, what);
            need(4, what);
            return data.getFloat();
        }

        byte[] bytes(String what) {
            expect(BYTES, what);
            long length = rawVarint(what);
            if (length < 0 || length > data.remaining()) {
                throw invalid(what, "a length of " + Long.toUnsignedString(length) + " bytes",
                        "at most the " + data.remaining() + " that are left");
            }
            byte[] bytes = new byte[(int) length];
            data.get(bytes);
            return bytes;
        }

        String text(String what) {
            byte[] bytes = bytes(what);
            try {
                return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            } catch (CharacterCodingException e) {
                throw invalid(what, "bytes that are no UTF-8", "text");
            }
        }

        Message message(String what) {
            return new Message(bytes(what), origin);
        }

        void skip() {
            switch (wire) {
                case VARINT -> rawVarint("field " + field);
                case BYTES -> bytes("field " + field);
                case FIXED64 -> skip(8);
                case FIXED32 -> skip(4);
                default -> throw invalid("field " + field, "wire type " + wire, "0, 1, 2 or 5");
            }
        }

        private void skip(int bytes) {
            need(bytes, "field " + field);
            data.position(data.position() + bytes);
        }

        private long rawVarint(String what) {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                need(1, what);
                byte b = data.get();
                value |= (long) (b & 0x7F) << shift;
                if (b >= 0) {
                    return value;
                }
            }
            throw invalid(what, "a number of more than ten bytes", "at most ten");
        }

        private void expect(int type, String what) {
            if (wire != type) {
                throw invalid(what, "wire type " + wire, String.valueOf(type));
            }
        }

        private void need(int bytes, String what) {
            if (data.remaining() < bytes) {
                throw invalid(what, "the end of the data", bytes + " more bytes");
            }
        }

        private CheckpointException invalid(String what, String found, String expected) {
            return new CheckpointException(origin + ": not a SentencePiece model: " + what + ": found " + found
                    + ", expected " + expected);
        }
    }
}
