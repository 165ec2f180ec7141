package dev.heddle.checkpoint.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
    @TempDir
    Path folder;

    @Test
    void readsEveryFixture() throws IOException {
        try (Stream<Path> files = Files.walk(Repository.path("testdata/fixtures"))) {
            List<Path> all = files.filter(file -> file.toString().endsWith(".safetensors")).toList();
            assertTrue(all.size() > 50, all.size() + " files");
            for (Path file : all) {
                try (Safetensors weights = Safetensors.open(file)) {
                    for (String name : weights.names()) {
                        Tensor tensor = weights.tensor(name);
                        assertEquals(tensor.elements(), tensor.toFloats().length);
                    }
                }
            }
        }
    }

    @Test
    void readsValuesOfEachTypeAtUnalignedAddresses() {
        // the header has an odd length, so nothing is aligned
        String header = """
                {"f64":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"f32":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},
                "f16":{"dtype":"F16","shape":[1],"data_offsets":[12,14]},"bf16":{"dtype":"BF16","shape":[1],"data_offsets":[14,16]},
                "i64":{"dtype":"I64","shape":[1],"data_offsets":[16,24]},"i32":{"dtype":"I32","shape":[1],"data_offsets":[24,28]},
                "i16":{"dtype":"I16","shape":[1],"data_offsets":[28,30]},"i8":{"dtype":"I8","shape":[1],"data_offsets":[30,31]},
                "u8":{"dtype":"U8","shape":[],"data_offsets":[31,32]},"bool":{"dtype":"BOOL","shape":[1],"data_offsets":[32,33]},
                "none":{"dtype":"F32","shape":[0,7],"data_offsets":[33,33]},"__metadata__":{"format":"pt"}}""";
        header += " ".repeat(1 - header.length() % 2);
        byte[] file = Bytes.safetensors(header, 33);
        byte[] data = HexFormat.of().parseHex("000000000000f83f" + "0000c03f" + "003e" + "c03f" + "feffffffffffffff"
                + "fdffffff" + "fcff" + "fb" + "fa" + "01");
        System.arraycopy(data, 0, file, file.length - 33, 33);
        try (WeightSource weights = Safetensors.open(Bytes.file(folder, "a.safetensors", file))) {
            assertEquals(List.of("f64", "f32", "f16", "bf16", "i64", "i32", "i16", "i8", "u8", "bool", "none"),
                    List.copyOf(weights.names()));
            assertEquals(Map.of("format", "pt"), weights.metadata());
            float[] expected = {1.5f, 1.5f, 1.5f, 1.5f, -2, -3, -4, -5, 250, 1};
            int i = 0;
            for (String name : List.copyOf(weights.names()).subList(0, 10)) {
                Tensor tensor = weights.tensor(name);
                assertEquals(name.toUpperCase(), tensor.dtype().name());
                assertArrayEquals(new float[] {expected[i++]}, tensor.toFloats(), name);
            }
            assertEquals(0, weights.tensor("none").elements());
            assertEquals(0, weights.tensor("u8").rank());
        }
    }

    @Test
    void readsPastTwoGibibytes() throws IOException {
        long big = 3L << 30;
        String header = "{\"big\":{\"dtype\":\"U8\",\"shape\":[3,1073741824],\"data_offsets\":[0," + big + "]},"
                + "\"last\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" + big + "," + (big + 8) + "]}}";
        byte[] start = Bytes.safetensors(header, 0);
        Path file = folder.resolve("big.safetensors");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(start));
            channel.write(ByteBuffer.wrap(new byte[] {7}), start.length + big - 1);
            channel.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(1).putFloat(2).flip(), start.length + big);
        }
        try (WeightSource weights = Weights.open(folder)) {
            assertArrayEquals(new float[] {1, 2}, weights.tensor("last").toFloats());
            assertEquals(7, weights.tensor("big").get(big - 1));
            assertEquals(0, weights.tensor("big").get(big - 2));
        }
    }

    @Test
    void refusesEachKindOfDamageByName() {
        refuses("", "0 bytes, expected at least 8");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "tensor a ends at byte 8 of the data, which has 4");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, "end at byte 8 of the data, which has 9");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
                "tensor a: data_offsets [0, 8] span 8 bytes, expected 12 for F32 of shape [3]");
        refuses("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8, "tensor a has dtype F8_E4M3, supported are F64");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "data_offsets [8, 0] end before they begin");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "tensor a: shape holds -2");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "tensor a: shape holds 2.0");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}", 8, "shape holds 99999999999999999999");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905,4],\"data_offsets\":[0,16]}}", 16, "more elements than can be counted");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0, "more elements than can be counted");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "data_offsets has 1 numbers");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "holds more than 2 numbers");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "tensor a lacks data_offsets");
        refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"x\":1,\"data_offsets\":[0,8]}}", 8, "field \"x\"");
        refuses("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype occurs twice");
        refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
                1, "tensor a occurs twice");
        refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
                3, "tensor b starts at byte 1 of the data, expected 2: tensors overlap");
        refuses("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[3,4]}}",
                4, "tensor b starts at byte 3 of the data, expected 2: tensors leave a gap");
        refuses("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__.a is 1, expected a string");
        refuses("{\"__metadata__\":[]}", 0, "__metadata__ is a list, expected an object");
        refuses("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ occurs twice");
        refuses("{\"a\":3}", 0, "tensor a is 3, expected an object");
        refuses("{\"a\":", 0, "the header is not valid JSON");
        refuses("{\"a\"}", 0, "the header is not valid JSON");
        refuses("{} {}", 0, "the header goes on after its JSON object");
        refuses("[]", 0, "the header starts with byte 0x5b, expected '{'");
        byte[] badText = Bytes.safetensors("{\"aaa\":{}}", 0);
        badText[11] = (byte) 0xff;
        refuses(badText, "the header is not valid UTF-8");
        refuses(new byte[] {1, 0, 0, 0, 0, 0, 0, 0, '{', '}'}, "the header length is 1, expected 2 to 2");
        refuses(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'}, "the header length is 18446744073709551615");
        refuses(new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'}, "the header length is 3, expected 2 to 2 in a file of 10 bytes");
        refuses("version https://git-lfs.github.com/spec/v1\noid".getBytes(StandardCharsets.UTF_8), "Git LFS pointer");
        refuses("<!DOCTYPE html><html>".getBytes(StandardCharsets.UTF_8), "this is a web page");
        CheckpointException e = assertThrows(CheckpointException.class, () -> Safetensors.open(folder.resolve("none")));
        assertTrue(e.getMessage().endsWith("no such file"), e.getMessage());
        e = assertThrows(CheckpointException.class, () -> Safetensors.open(folder));
        assertTrue(e.getMessage().endsWith("is a folder, expected a file"), e.getMessage());
    }

    @Test
    void namesTheNearestTensors() {
        try (WeightSource weights = Safetensors.open(Repository.path("testdata/fixtures/mamba2/model.safetensors"))) {
            String name = weights.names().iterator().next();
            CheckpointException e = assertThrows(CheckpointException.class, () -> weights.tensor(name + "s"));
            assertTrue(e.getMessage().contains("no tensor " + name + "s among its ") && e.getMessage().contains("are " + name),
                    e.getMessage());
            assertFalse(weights.contains(name + "s"));
            assertTrue(weights.contains(name));
        }
    }

    @Test
    void aTensorOutlivesItsSource() {
        WeightSource weights = Safetensors.open(Repository.path("testdata/fixtures/mamba2/model.safetensors"));
        Tensor tensor = weights.tensor(weights.names().iterator().next());
        float first = tensor.get(0);
        weights.close();
        System.gc();
        assertEquals(first, tensor.get(0));
        assertThrows(IllegalStateException.class, () -> weights.tensor("x"));
    }

    /// Thousands of damaged files: each is read or refused, nothing else happens.
    @Test
    @Timeout(120)
    void survivesRandomDamage() throws IOException {
        Path whole = folder.resolve("whole.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter.write(whole, Map.of("a.weight", Tensor.of(arena, new float[12], 3, 4),
                    "b", Tensor.zeros(arena, DType.BF16, 5), "c", Tensor.zeros(arena, DType.BOOL, 0, 3),
                    "d", Tensor.zeros(arena, DType.I64, 2, 1, 2)), Map.of("format", "pt"));
        }
        byte[] original = Files.readAllBytes(whole);
        int header = (int) ByteBuffer.wrap(original).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        int refused = 0;
        for (int seed = 0; seed < 6000; seed++) {
            Random random = new Random(seed);
            byte[] damaged = Bytes.mutate(original, random, seed % 3 == 0 ? 0 : 8, seed % 5 == 0 ? original.length : 8 + header);
            if (seed % 2 == 0 && damaged.length > 8) {
                // keep the header's length right, to get past the first check
                long length = header + (damaged.length - original.length);
                ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
            }
            Path file = Bytes.file(folder, "damaged.safetensors", damaged);
            try (WeightSource weights = Safetensors.open(file)) {
                for (String name : weights.names()) {
                    weights.tensor(name).toFloats();
                }
            } catch (CheckpointException e) {
                assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
                refused++;
            } catch (Throwable e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertTrue(refused > 3000 && refused < 6000, refused + " refused");
    }

    @Test
    void readsAnIndexOfSeveralFiles() throws IOException {
        writeShards();
        Files.writeString(folder.resolve("model.safetensors.index.json"), """
                {"metadata":{"total_size":20},"weight_map":{"b":"model-00002-of-00002.safetensors","a":"model-00001-of-00002.safetensors"}}""");
        try (WeightSource weights = Weights.open(folder)) {
            assertEquals(List.of("b", "a"), List.copyOf(weights.names()));
            assertArrayEquals(new float[] {1, 2}, weights.tensor("a").toFloats());
            assertArrayEquals(new float[] {3, 4, 5}, weights.tensor("b").toFloats());
            assertEquals("pt", weights.metadata().get("format"));
        }
        Files.delete(folder.resolve("model.safetensors.index.json"));
        try (WeightSource weights = Weights.open(folder)) {
            assertEquals(List.of("a", "b"), List.copyOf(weights.names()));
            assertArrayEquals(new float[] {3, 4, 5}, weights.tensor("b").toFloats());
        }
        Files.delete(folder.resolve("model-00002-of-00002.safetensors"));
        fails(() -> Weights.open(folder), "holds 1 of 2 weight files");
    }

    @Test
    void refusesAnIndexThatLies() throws IOException {
        writeShards();
        Map<String, String> cases = Map.of(
                "{}", "weight_map is nothing, expected an object",
                "{\"weight_map\":{\"a\":\"../model.safetensors\"}}", "the file of tensor a is the string \"../model.safetensors\", expected the plain name",
                "{\"weight_map\":{\"a\":\"..\"}}", "expected the plain name",
                "{\"weight_map\":{\"a\":7}}", "the file of tensor a is the number 7",
                "{\"weight_map\":{\"a\":\"gone.safetensors\"}}", "no such file, though index.safetensors.index.json names it",
                "{\"weight_map\":{\"c\":\"model-00001-of-00002.safetensors\"}}", "puts tensor c into model-00001-of-00002.safetensors, which does not hold it",
                "{\"weight_map\":{\"a\":\"x\",\"a\":\"y\"}}", "Duplicate field 'a'",
                "{\"weight_map\":[", "not valid JSON");
        for (Map.Entry<String, String> entry : cases.entrySet()) {
            Path index = Files.writeString(folder.resolve("index.safetensors.index.json"), entry.getKey());
            fails(() -> Weights.open(index), entry.getValue());
        }
    }

    private void writeShards() {
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter.write(folder.resolve("model-00001-of-00002.safetensors"),
                    Map.of("a", Tensor.of(arena, new float[] {1, 2}, 2)), Map.of("format", "pt"));
            SafetensorsWriter.write(folder.resolve("model-00002-of-00002.safetensors"),
                    Map.of("b", Tensor.of(arena, new float[] {3, 4, 5}, 3)), Map.of("format", "pt"));
        }
    }

    private void refuses(String header, int data, String message) {
        refuses(Bytes.safetensors(header, data), message);
    }

    private void refuses(String content, String message) {
        refuses(content.getBytes(StandardCharsets.UTF_8), message);
    }

    private void refuses(byte[] content, String message) {
        Path file = Bytes.file(folder, "bad.safetensors", content);
        List<String> found = new ArrayList<>();
        CheckpointException e = assertThrows(CheckpointException.class, () -> found.addAll(Safetensors.open(file).names()));
        assertTrue(e.getMessage().contains(message) && e.getMessage().startsWith(file.toString()), e.getMessage());
    }

    private static void fails(Executable action, String message) {
        CheckpointException e = assertThrows(CheckpointException.class, action);
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
