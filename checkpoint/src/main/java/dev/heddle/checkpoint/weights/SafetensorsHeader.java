package dev.heddle.checkpoint.weights;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.core.tensor.DType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The JSON header of a safetensors file, checked completely: what it yields may be used without further checks.
///
/// A file is an 8-byte little-endian header length N, N bytes of JSON, and the data. The header maps each name
/// to `dtype`, `shape` and `data_offsets` (begin and end, counted from the start of the data), and the key
/// `__metadata__` to a flat map of strings. Taken in order of their offsets, the tensors cover the data without
/// a gap or an overlap.
///
/// @param tensors by name, in header order
/// @param metadata free text
/// @param dataStart where the data starts in the file
record SafetensorsHeader(Map<String, Entry> tensors, Map<String, String> metadata, long dataStart) {
    /// Longest header accepted, as in the reference implementation.
    static final int MAX_HEADER = 100_000_000;
    private static final int MAX_RANK = 64;
    private static final String METADATA = "__metadata__";

    /// One tensor: bytes `begin` (inclusive) to `end` (exclusive) of the data.
    record Entry(DType dtype, long[] shape, long begin, long end) {
    }

    static SafetensorsHeader read(MappedFile file) {
        long length = file.i64(0);
        long most = Math.min(MAX_HEADER, file.size() - 8);
        if (length < 2 || length > most) {
            throw file.error("the header length is " + Long.toUnsignedString(length) + ", expected 2 to " + most
                    + " in a file of " + file.size() + " bytes; the file is truncated or no safetensors file");
        }
        byte[] json = file.copy(8, (int) length);
        if (json[0] != '{') {
            throw file.error("the header starts with byte 0x" + Integer.toHexString(json[0] & 0xff)
                    + ", expected '{'; this is no safetensors file");
        }
        Map<String, Entry> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        try (JsonParser parser = Json.mapper().getFactory().createParser(new InputStreamReader(
                new ByteArrayInputStream(json), StandardCharsets.UTF_8.newDecoder()))) {
            new Reader(file, parser).header(tensors, metadata);
        } catch (JacksonException e) {
            throw new CheckpointException(file.path() + ": the header is not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new CheckpointException(file.path() + ": the header is not valid UTF-8", e);
        }
        SafetensorsHeader header = new SafetensorsHeader(Collections.unmodifiableMap(tensors),
                Collections.unmodifiableMap(metadata), 8 + length);
        header.checkCoverage(file);
        return header;
    }

    private void checkCoverage(MappedFile file) {
        long size = file.size() - dataStart;
        List<Map.Entry<String, Entry>> sorted = tensors.entrySet().stream().sorted(Comparator
                .comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin()).thenComparingLong(e -> e.getValue().end()))
                .toList();
        long end = 0;
        for (Map.Entry<String, Entry> next : sorted) {
            Entry entry = next.getValue();
            if (entry.end() > size) {
                throw file.error("tensor " + next.getKey() + " ends at byte " + entry.end() + " of the data, which has "
                        + size + "; the file is truncated");
            }
            if (entry.begin() != end) {
                throw file.error("tensor " + next.getKey() + " starts at byte " + entry.begin() + " of the data, expected "
                        + end + ": tensors " + (entry.begin() < end ? "overlap" : "leave a gap"));
            }
            end = entry.end();
        }
        if (end != size) {
            throw file.error("the tensors end at byte " + end + " of the data, which has " + size + " bytes");
        }
    }

    /// Reads the header token by token, so that a hostile one costs no more memory than its own size.
    private record Reader(MappedFile file, JsonParser parser) {
        void header(Map<String, Entry> tensors, Map<String, String> metadata) throws IOException {
            expect(JsonToken.START_OBJECT, "the header");
            boolean hasMetadata = false;
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                if (name.equals(METADATA)) {
                    if (hasMetadata) {
                        throw file.error(METADATA + " occurs twice in the header");
                    }
                    hasMetadata = true;
                    metadata(metadata);
                } else if (tensors.put(name, entry(name)) != null) {
                    throw file.error("tensor " + shown(name) + " occurs twice in the header");
                }
            }
            if (parser.nextToken() != null) {
                throw file.error("the header goes on after its JSON object");
            }
        }

        private void metadata(Map<String, String> metadata) throws IOException {
            expect(JsonToken.START_OBJECT, METADATA);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.currentName();
                expect(JsonToken.VALUE_STRING, METADATA + "." + shown(key));
                if (metadata.put(key, parser.getText()) != null) {
                    throw file.error(METADATA + "." + shown(key) + " occurs twice in the header");
                }
            }
        }

        private Entry entry(String name) throws IOException {
            String where = "tensor " + shown(name);
            String dtype = null;
            long[] shape = null;
            long[] offsets = null;
            expect(JsonToken.START_OBJECT, where);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.currentName();
                boolean again = switch (key) {
                    case "dtype" -> {
                        boolean before = dtype != null;
                        expect(JsonToken.VALUE_STRING, where + ": dtype");
                        dtype = parser.getText();
                        yield before;
                    }
                    case "shape" -> {
                        boolean before = shape != null;
                        shape = sizes(where + ": shape", MAX_RANK);
                        yield before;
                    }
                    case "data_offsets" -> {
                        boolean before = offsets != null;
                        offsets = sizes(where + ": data_offsets", 2);
                        yield before;
                    }
                    default -> throw file.error(where + " has a field \"" + shown(key)
                            + "\", expected only dtype, shape and data_offsets");
                };
                if (again) {
                    throw file.error(where + ": " + key + " occurs twice");
                }
            }
            if (dtype == null || shape == null || offsets == null) {
                throw file.error(where + " lacks " + (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
            }
            return checked(where, dtype, shape, offsets);
        }

        private Entry checked(String where, String name, long[] shape, long[] offsets) {
            List<DType> known = Arrays.stream(DType.values()).filter(type -> !type.isQuantized()).toList();
            DType dtype = known.stream().filter(type -> type.name().equals(name)).findFirst()
                    .orElseThrow(() -> file.error(where + " has dtype " + shown(name) + ", supported are "
                            + known.stream().map(DType::name).collect(Collectors.joining(", "))
                            + "; convert the checkpoint to one of these"));
            if (offsets.length != 2) {
                throw file.error(where + ": data_offsets has " + offsets.length + " numbers, expected begin and end");
            }
            if (offsets[1] < offsets[0]) {
                throw file.error(where + ": data_offsets " + Arrays.toString(offsets) + " end before they begin");
            }
            long bytes;
            try {
                bytes = dtype.bytes(Arrays.stream(shape).reduce(1, Math::multiplyExact));
            } catch (ArithmeticException e) {
                throw new CheckpointException(file.path() + ": " + where + " of shape " + Arrays.toString(shape)
                        + " has more elements than can be counted", e);
            }
            if (bytes != offsets[1] - offsets[0]) {
                throw file.error(where + ": data_offsets " + Arrays.toString(offsets) + " span " + (offsets[1] - offsets[0])
                        + " bytes, expected " + bytes + " for " + dtype + " of shape " + Arrays.toString(shape));
            }
            return new Entry(dtype, shape, offsets[0], offsets[1]);
        }

        private long[] sizes(String where, int most) throws IOException {
            expect(JsonToken.START_ARRAY, where);
            long[] sizes = new long[4];
            int count = 0;
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
                        || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER || parser.getLongValue() < 0) {
                    throw file.error(where + " holds " + found() + ", expected whole numbers from 0 to " + Long.MAX_VALUE);
                }
                if (count == most) {
                    throw file.error(where + " holds more than " + most + " numbers");
                }
                if (count == sizes.length) {
                    sizes = Arrays.copyOf(sizes, most);
                }
                sizes[count++] = parser.getLongValue();
            }
            return Arrays.copyOf(sizes, count);
        }

        private void expect(JsonToken token, String where) throws IOException {
            if (parser.nextToken() != token) {
                throw file.error(where + " is " + found() + ", expected " + switch (token) {
                    case START_OBJECT -> "an object";
                    case START_ARRAY -> "a list";
                    default -> "a string";
                });
            }
        }

        private String found() throws IOException {
            JsonToken token = parser.currentToken();
            if (token == null) {
                return "missing";
            }
            return switch (token) {
                case START_OBJECT -> "an object";
                case START_ARRAY -> "a list";
                default -> shown(parser.getText());
            };
        }

        private static String shown(String text) {
            return text.length() <= 200 ? text : text.substring(0, 200) + "…";
        }
    }
}
