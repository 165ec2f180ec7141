package dev.heddle.checkpoint.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
    @TempDir
    Path folder;

    private Path write(String name, GgufBytes file) throws IOException {
        return Files.write(folder.resolve(name), file.bytes());
    }

    private static GgufBytes sample(int version) {
        return new GgufBytes(64).version(version).text("general.architecture", "mamba").uint32("general.alignment", 64)
                .float32("mamba.attention.layer_norm_rms_epsilon", 1e-5f).flag("a.flag", true)
                .texts("tokenizer.ggml.tokens", List.of("a", "", "ü漢🙂")).int32s("tokenizer.ggml.token_type", 1, 3, -6)
                .float32s("tokenizer.ggml.scores", 0, -1.5f).raw("a.byte", 0, (byte) 200).raw("a.long", 10, new byte[] {-1, -1,
                    -1, -1, -1, -1, -1, -1})
                .tensor("blk.0.weight", new float[] {1, 2, 3, 4, 5, 6}, 2, 3).tensor("half", GgmlType.F16, new byte[] {0, 60}, 1)
                .tensor("rare", GgmlType.IQ2_XXS, new byte[66], 1, 256).tensor("scalar", new float[] {7});
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void readsWhatIsWritten(int version) throws IOException {
        try (GgufFile file = GgufFile.open(write("a.gguf", sample(version)))) {
            assertEquals(version, file.version());
            GgufMetadata values = file.values();
            assertEquals("mamba", values.architecture());
            assertEquals("1.0E-5", values.values().get("mamba.attention.layer_norm_rms_epsilon").toString());
            assertEquals(true, values.flag("a.flag").orElseThrow());
            assertEquals(List.of("a", "", "ü漢🙂"), values.strings("tokenizer.ggml.tokens").orElseThrow());
            assertArrayEquals(new long[] {1, 3, -6}, values.wholes("tokenizer.ggml.token_type").orElseThrow());
            assertArrayEquals(new float[] {0, -1.5f}, values.floats("tokenizer.ggml.scores").orElseThrow());
            assertEquals(200, values.index("a.byte").orElseThrow());
            assertEquals("18446744073709551615", values.values().get("a.long").toString());
            assertEquals(List.of("blk.0.weight", "half", "rare", "scalar"), List.copyOf(file.names()));
            Tensor weight = file.tensor("blk.0.weight");
            assertArrayEquals(new long[] {2, 3}, weight.shape());
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, weight.toFloats());
            assertEquals(0, weight.address() % 64);
            assertEquals(DType.F16, file.tensor("half").dtype());
            assertArrayEquals(new float[] {1}, file.tensor("half").toFloats());
            assertEquals(7, file.tensor("scalar").get(0));
            assertEquals(66, file.entry("rare").bytes());
            assertTrue(assertThrows(CheckpointException.class, () -> file.tensor("rare")).getMessage()
                    .contains("tensor rare is stored as IQ2_XXS, supported are F32, F16"));
            assertTrue(assertThrows(CheckpointException.class, () -> file.tensor("hal")).getMessage().contains("half"));
            assertTrue(assertThrows(CheckpointException.class, () -> values.index("general.architecture")).getMessage()
                    .contains("general.architecture is mamba, expected a whole number"));
        }
    }

    private static GgufBytes part(int number, int count, String... tensors) {
        GgufBytes part = new GgufBytes().text("general.architecture", "mamba").raw("split.no", 2, (byte) number, (byte) 0)
                .raw("split.count", 2, (byte) count, (byte) 0).raw("split.tensors.count", 5, (byte) 3, (byte) 0, (byte) 0, (byte) 0);
        for (String name : tensors) {
            part.tensor(name, new float[] {name.charAt(0)}, 1);
        }
        return part;
    }

    @Test
    void anyFileOfASetOpensAllOfThem() throws IOException {
        write("m-00001-of-00003.gguf", part(0, 3));
        write("m-00002-of-00003.gguf", part(1, 3, "a", "b"));
        write("m-00003-of-00003.gguf", part(2, 3, "c"));
        for (int i = 1; i <= 3; i++) {
            try (GgufFile file = GgufFile.open(folder.resolve("m-0000" + i + "-of-00003.gguf"))) {
                assertEquals(List.of("a", "b", "c"), List.copyOf(file.names()));
                assertEquals('c', file.tensor("c").get(0));
                assertEquals(3, file.files());
            }
        }
    }

    @Test
    void refusesIncompleteSets() throws IOException {
        Path first = write("m-00001-of-00002.gguf", part(0, 2, "a"));
        refused(first, "m-00002-of-00002.gguf: no such file, though m-00001-of-00002.gguf is one of 2");
        write("m-00002-of-00002.gguf", part(1, 2, "a"));
        refused(first, "tensor a is in an earlier file of the set, too");
        write("m-00002-of-00002.gguf", part(0, 2, "b"));
        refused(first, "says that it is file 1 of 2, expected 2 of 2");
        write("m-00002-of-00002.gguf", part(1, 2, "b"));
        refused(first, "the set should have 3 tensors and has 2");
        refused(write("alone.gguf", part(0, 2, "a")), "says that it is one of 2 files, expected a name like");
    }

    private static void refused(Path file, String message) {
        String found = assertThrows(CheckpointException.class, () -> GgufFile.open(file)).getMessage();
        assertTrue(found.contains(message), found);
        assertTrue(found.startsWith(file.getParent().toString()), found);
    }

    static Stream<Arguments> hostile() {
        byte[] four = new byte[4];
        return Stream.of(
                Arguments.of("version 1", new GgufBytes().version(1), "has GGUF version 1, expected 2 or 3"),
                Arguments.of("version 4", new GgufBytes().version(4), "has GGUF version 4, expected 2 or 3"),
                Arguments.of("big-endian", new GgufBytes().version(3 << 24), "is a big-endian GGUF file"),
                Arguments.of("tensors", new GgufBytes().counts(Long.MAX_VALUE, 0), "the number of tensors is 9223372036854775807"),
                Arguments.of("values", new GgufBytes().counts(0, -1), "the number of metadata values is 18446744073709551615"),
                Arguments.of("few values", new GgufBytes().text("a", "b").text("c", "defghijklmnopqrst").counts(0, 3),
                        "the name of metadata value 2 has a length of 0 bytes (at byte 84)"),
                Arguments.of("cut value", new GgufBytes().raw("a", 8, joined(bytes(60), new byte[8])),
                        "a (at byte 45) needs 60 bytes, the file has only 19 more; it is truncated"),
                Arguments.of("value type", new GgufBytes().raw("a", 13, four), "a is of type 13"),
                Arguments.of("flag", new GgufBytes().raw("a", 7, (byte) 2), "a is 2 (at byte 37), expected 0 or 1"),
                Arguments.of("text length", new GgufBytes().raw("a", 8, bytes(1L << 62)), "a has a length of 4611686018427387904"),
                Arguments.of("array length", new GgufBytes().raw("a", 9, joined(new byte[] {4, 0, 0, 0}, bytes(1L << 40))),
                        "a has 1099511627776 elements of type UINT32"),
                Arguments.of("nested", new GgufBytes().raw("a", 9, joined(new byte[] {9, 0, 0, 0}, bytes(0))), "an array of arrays"),
                Arguments.of("string in array", new GgufBytes().raw("a", 9, joined(new byte[] {8, 0, 0, 0}, bytes(1), bytes(-1))),
                        "a[0] has a length of 18446744073709551615"),
                Arguments.of("text", new GgufBytes().raw("a", 8, joined(bytes(2), new byte[] {(byte) 0xc3, 0x28})), "not valid UTF-8"),
                Arguments.of("twice", new GgufBytes().text("a", "b").text("a", "b"), "the metadata has a twice"),
                Arguments.of("no name", new GgufBytes().text("", "b"), "the name of metadata value 0 has a length of 0"),
                Arguments.of("alignment", new GgufBytes().uint32("general.alignment", 33), "general.alignment is 33"),
                Arguments.of("no alignment", new GgufBytes().uint32("general.alignment", 0), "general.alignment is 0"),
                Arguments.of("two tensors", new GgufBytes().tensor("t", new float[8], 8).tensor("t", new float[8], 8),
                        "tensor t occurs twice"),
                Arguments.of("rank", new GgufBytes().entry("t", 0, 0, 1, 1, 1, 1, 1), "tensor t has 5 dimensions"),
                Arguments.of("dimension", new GgufBytes().entry("t", 0, 0, -1), "tensor t has a dimension of 18446744073709551615"),
                Arguments.of("elements", new GgufBytes().entry("t", 0, 0, 1L << 40, 1L << 40), "more elements than can be counted"),
                Arguments.of("type", new GgufBytes().entry("t", 4, 0, 1), "tensor t is of type 4, known are 0 (F32), 1 (F16)"),
                Arguments.of("blocks", new GgufBytes().tensor("t", GgmlType.Q8_0, new byte[34], 2, 16),
                        "tensor t of type Q8_0 has rows of 16 elements, expected a multiple of 32"),
                Arguments.of("unaligned", new GgufBytes().tensor("t", new float[8], 8).entry("u", 0, 4, 1),
                        "tensor u begins at byte 4 of the data, expected a multiple of 32"),
                Arguments.of("overlap", new GgufBytes().tensor("t", new float[16], 16).entry("u", 0, 32, 1),
                        "before t ends at 160: tensors overlap"),
                Arguments.of("outside", new GgufBytes().tensor("t", new float[8], 8).entry("u", 0, 1L << 40, 1),
                        "tensor u begins at byte 1099511627776 of the data"),
                Arguments.of("truncated", new GgufBytes().tensor("t", new float[8], 9), "the file is truncated"));
    }

    private static byte[] bytes(long value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        GgufBytes.u64(out, value);
        return out.toByteArray();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostile")
    void refusesHostileFilesWithOneError(String what, GgufBytes content, String message) throws IOException {
        refused(write("hostile.gguf", content), message);
    }

    @Test
    void refusesWhatIsNoGguf() throws IOException {
        refused(Files.writeString(folder.resolve("short.gguf"), "GG"), "the file has 2 bytes");
        refused(Files.writeString(folder.resolve("other.gguf"), "GGML, some older format"), "this is no GGUF file");
        refused(Files.writeString(folder.resolve("pointer.gguf"), "version https://git-lfs.github.com/spec/v1\n"), "Git LFS pointer");
        refused(folder.resolve("none.gguf"), "no such file");
    }

    /// Whatever single bytes are changed and wherever the file ends, it is read or refused with one clear error, quickly
    /// and with memory in proportion to the file.
    @Test
    void damagedFilesAreReadOrRefused() throws IOException {
        byte[] whole = sample(3).bytes();
        Random random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 1500; round++) {
            byte[] damaged = round % 4 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int change = 0; change <= round % 3 && damaged.length > 0; change++) {
                // mostly in the header, where the lengths are
                int at = random.nextInt(Math.min(damaged.length, round % 8 == 7 ? damaged.length : 700));
                damaged[at] = switch (random.nextInt(4)) {
                    case 0 -> (byte) 0;
                    case 1 -> (byte) 0xff;
                    case 2 -> (byte) (damaged[at] ^ 1 << random.nextInt(8));
                    default -> (byte) random.nextInt();
                };
            }
            Path file = Files.write(folder.resolve("damaged.gguf"), damaged);
            boolean[] bad = {false};
            Assertions.assertTimeoutPreemptively(Duration.ofSeconds(5), () -> bad[0] = isRefused(file));
            refused += bad[0] ? 1 : 0;
        }
        assertTrue(refused > 500 && refused < 1500, refused + " of 1500 files were refused");
    }

    private static boolean isRefused(Path path) {
        try (GgufFile file = GgufFile.open(path)) {
            file.values().values().values().forEach(Object::toString);
            file.names().forEach(name -> {
                if (file.entry(name).type().dtype().isPresent()) {
                    file.tensor(name).bytes();
                }
            });
            return false;
        } catch (CheckpointException e) {
            assertTrue(e.getMessage().startsWith(path.toString()), e.getMessage());
            return true;
        }
    }
}
