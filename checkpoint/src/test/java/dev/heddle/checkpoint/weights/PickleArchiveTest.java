package dev.heddle.checkpoint.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.Repository;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PickleArchiveTest {
    private static final long[] NONE = {};

    @TempDir
    Path folder;

    // ---- files written by torch.save

    @ParameterizedTest
    @ValueSource(strings = {"types.pt", "types4.pt", "types-old.pt"})
    void readsEveryTypeAndView(String name) {
        Map<String, DType> types = new LinkedHashMap<>();
        types.put("float64", DType.F64);
        types.put("float32", DType.F32);
        types.put("float16", DType.F16);
        types.put("bfloat16", DType.BF16);
        types.put("int64", DType.I64);
        types.put("int32", DType.I32);
        types.put("int16", DType.I16);
        types.put("int8", DType.I8);
        types.put("uint8", DType.U8);
        types.put("bool", DType.BOOL);
        try (WeightSource weights = Weights.open(pickle(name))) {
            assertEquals(19, weights.names().size());
            assertEquals(List.copyOf(types.keySet()), List.copyOf(weights.names()).subList(0, 10));
            types.forEach((key, type) -> {
                Tensor tensor = weights.tensor(key);
                assertEquals(type, tensor.dtype());
                assertArrayEquals(new long[] {3, 4}, tensor.shape());
                assertArrayEquals(floats(12, i -> type == DType.BOOL ? Math.min(i, 1) : i), tensor.toFloats());
            });
            check(weights, "base", new long[] {6, 8}, i -> i / 8f);
            check(weights, "transposed", new long[] {8, 6}, i -> (i % 6 * 8 + i / 6) / 8f);
            check(weights, "permuted", new long[] {8, 2, 3}, i -> (i % 6 * 8 + i / 6) / 8f);
            check(weights, "rows", new long[] {2, 8}, i -> (16 + i) / 8f);
            check(weights, "columns", new long[] {6, 2}, i -> (i / 2 * 8 + 3 + i % 2) / 8f);
            check(weights, "expanded", new long[] {3, 4}, i -> (float) (i / 4));
            check(weights, "scalar", new long[] {}, i -> 2.5f);
            check(weights, "empty", new long[] {0, 3}, i -> 0);
            check(weights, "parameter", new long[] {8}, i -> i / 8f);
            assertEquals(weights.tensor("base").address() + 64, weights.tensor("rows").address(), "a view, not a copy");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rwkv7.pth rwkv7", "rwkv4-old.pth rwkv4"})
    void readsTheSameWeightsAsSafetensors(String pair) {
        String[] names = pair.split(" ");
        try (WeightSource pickled = Weights.open(pickle(names[0]));
                WeightSource weights = Weights.open(Repository.path("testdata/fixtures/" + names[1]))) {
            assertEquals(weights.names(), pickled.names());
            for (String name : weights.names()) {
                assertEquals(weights.tensor(name).dtype(), pickled.tensor(name).dtype(), name);
                assertArrayEquals(weights.tensor(name).shape(), pickled.tensor(name).shape(), name);
                assertArrayEquals(weights.tensor(name).toFloats(), pickled.tensor(name).toFloats(), name);
            }
        }
    }

    @Test
    void unwrapsTrainingCheckpointsAndFlattensTheRest() {
        try (WeightSource weights = Weights.open(pickle("wrapped.pt"))) {
            assertEquals(List.of("weight", "bias", "running_mean", "running_var", "num_batches_tracked"),
                    List.copyOf(weights.names()));
            assertArrayEquals(new float[] {1}, weights.tensor("num_batches_tracked").toFloats());
        }
        try (WeightSource weights = Weights.open(pickle("nested.pt"))) {
            assertEquals(List.of("a.w", "b.0", "b.1.c"), List.copyOf(weights.names()));
            check(weights, "b.1.c", new long[] {8}, i -> (24 + i) / 8f);
        }
    }

    @Test
    void namesWhatItRefusesToRun() {
        refuses(pickle("evil.pt"), "refers to the Python name posix.system near \"x\"");
        refuses(pickle("evil-old.pt"), "refers to the Python name posix.system near \"x\"");
        refuses(pickle("namespace.pt"), "refers to the Python name argparse.Namespace near \"args\"");
        refuses(pickle("module.pt"), "refers to the Python name torch.nn.modules.batchnorm.BatchNorm1d");
        refuses(pickle("float8.pt"), "refers to the Python name torch.float8_e4m3fn near");
    }

    // ---- archives made here

    @Test
    void readsAnArchiveOf64BitSizes() {
        byte[] plain = PickleWriter.archive(dict(w -> w.text("a").tensor("0", 64, 3, new long[] {2, 2}, new long[] {2, 1})));
        try (WeightSource weights = PickleArchive.open(Bytes.file(folder, "a.pt", plain))) {
            assertArrayEquals(new float[] {3, 4, 5, 6}, weights.tensor("a").toFloats());
        }
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("x/data.pkl", dict(w -> w.text("a").tensor("7", 2, 0, new long[] {2}, new long[] {1})));
        entries.put("x/data/7", new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40});
        try (WeightSource weights = PickleArchive.open(Bytes.file(folder, "b.pt", PickleWriter.zip(entries, true)))) {
            assertArrayEquals(new float[] {1, 2}, weights.tensor("a").toFloats());
        }
        entries.put("x/byteorder", "big".getBytes());
        refuses(Bytes.file(folder, "b.pt", PickleWriter.zip(entries, true)), "the byte order is big, expected little");
    }

    @Test
    void readsStridesOfAllKinds() {
        byte[] file = PickleWriter.archive(dict(w -> w
                .text("gap").tensor("0", 64, 1, new long[] {2, 3}, new long[] {10, 2})
                .op('s').text("one").tensor("0", 64, 5, new long[] {1, 3, 1}, new long[] {99, 1, 77})
                .op('s').text("deep").tensor("0", 64, 0, new long[] {2, 2, 2}, new long[] {1, 4, 16})
                .op('s').text("none").tensor("0", 64, 64, new long[] {4, 0}, new long[] {0, 1})));
        try (WeightSource weights = PickleArchive.open(Bytes.file(folder, "a.pt", file))) {
            assertArrayEquals(new float[] {1, 3, 5, 11, 13, 15}, weights.tensor("gap").toFloats());
            assertArrayEquals(new float[] {5, 6, 7}, weights.tensor("one").toFloats());
            assertArrayEquals(new float[] {0, 16, 4, 20, 1, 17, 5, 21}, weights.tensor("deep").toFloats());
            assertEquals(0, weights.tensor("none").elements());
        }
    }

    @Test
    void refusesTensorsThatLeaveTheirStorage() {
        refusesTensor(64, 0, new long[] {65}, new long[] {1}, "near \"a\": F32 of shape [65], strides [1] and offset 0 ends at byte 260 of storage 0, which has 256");
        refusesTensor(64, 1, new long[] {64}, new long[] {1}, "ends at byte 260");
        refusesTensor(64, -1, new long[] {1}, new long[] {1}, "offset -1");
        refusesTensor(64, Long.MAX_VALUE, new long[] {2}, new long[] {1}, "more elements than can be counted");
        refusesTensor(64, 0, new long[] {2, 2}, new long[] {Long.MAX_VALUE, Long.MAX_VALUE}, "more elements than can be counted");
        refusesTensor(64, 0, new long[] {-1}, new long[] {1}, "must not be negative");
        refusesTensor(64, 0, new long[] {2}, new long[] {-1}, "must not be negative");
        refusesTensor(64, 0, new long[] {2, 2}, new long[] {1}, "has 1 strides, expected 2");
        refusesTensor(65, 0, new long[] {1}, new long[] {1}, "storage 0 has 256 bytes, the pickle says 260");
        refusesTensor(-5, 0, new long[] {1}, new long[] {1}, "a storage of -5 elements");
        refusesTensor(Long.MAX_VALUE, 0, new long[] {1}, new long[] {1}, "a storage of 9223372036854775807 elements");
        refusesTensor(64, 0, new long[] {1L << 40}, new long[] {0}, "tensor a repeats elements of its storage and would need 4398046511104 bytes");
        refusesTensor(64, 0, new long[] {1L << 32, 1L << 32}, new long[] {0, 0}, "more elements than can be counted");
    }

    @Test
    void refusesPicklesThatMakeNoSense() {
        refusesPickle(w -> w.op('R'), "takes a value from an empty stack");
        refusesPickle(w -> w.op('('), "takes a value from an empty stack");
        refusesPickle(w -> w.op('t'), "takes values back to a mark that was not set");
        refusesPickle(w -> w.op('N').op('N'), "ends with 1 values left over");
        refusesPickle(w -> w.op('h').raw(3), "refers to value 3, which was not stored");
        refusesPickle(w -> w.text("a").op(')').op('R'), "calls the string \"a\"");
        refusesPickle(w -> w.global("torch", "FloatStorage").op(')').op('R'), "calls a torch type");
        refusesPickle(w -> w.op('}').op(']').op('N').op('s'), "a list of 0 as a dictionary key");
        refusesPickle(w -> w.op(']').op('N').op('N').op('s'), "sets an item of a list");
        refusesPickle(w -> w.op('}').op('N').op('a'), "appends to a dictionary");
        refusesPickle(w -> w.op('i'), "has opcode 0x69 ('i')");
        refusesPickle(w -> w.op('}').op('(').op('N').op('u'), "sets a key without a value");
        refusesPickle(w -> w.op('}').op('Q'), "a dictionary of 0 as persistent id");
        refusesPickle(w -> w.op('X').raw(0xff, 0xff, 0xff, 0x7f), "a value of length 2147483647");
        refusesPickle(w -> w.raw(0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "a value of length 18446744073709551615");
        refusesPickle(w -> w.op('X').raw(9, 0, 0, 0, 'a'), "ends in the middle of a value of 9 bytes");
        refusesPickle(w -> w.op('X').raw(1, 0, 0, 0, 0xff), "a string that is not UTF-8");
        refusesPickle(w -> w.raw(0x80, 9), "has pickle protocol 9, supported are 2 to 5");
        refusesPickle(w -> w.op('}').op('b').op('}'), "takes a value from an empty stack");
        refusesPickle(w -> w.op(']').op('}').op('b'), "sets the attributes of a list");
        refusesPickle(w -> w.text("builtins").text("eval").raw(0x93), "refers to the Python name builtins.eval");
        refusesPickle(w -> w.global("torch._utils", "_rebuild_tensor_v2").op(')').op('R'), "describes a tensor by 0 arguments");
        refusesPickle(w -> w.global("collections", "OrderedDict").op(']').text("a").op('a').raw(0x85).op('R'), "expected a tuple or list");
        refusesPickle(w -> w.op('}'), "holds a dictionary of 0 without any tensor");
        refusesPickle(w -> w.op('}').text("a").tensor("9", 64, 0, NONE, NONE).op('s'), "the archive has no entry archive/data/9");
    }

    /// A few bytes must not make the reader work or allocate without end.
    @Test
    @Timeout(60)
    void boundsItsWork() {
        refusesPickle(w -> IntStream.range(0, 1_100_000).forEach(_ -> w.op('N')), "piles up more than 1000000 values");
        refusesPickle(w -> IntStream.range(0, 9_000_000).forEach(_ -> w.op('N').op('0')), "has more than 8000000 steps");
        refusesPickle(w -> { // a list of lists of … the same list, a million leaves in a few bytes
            w.op(']');
            for (int i = 0; i < 60; i++) {
                w.op('q').raw(0).op('0').op(']').op('(').op('h').raw(0).op('h').raw(0).op('e');
            }
        }, "without any tensor", "holds more than 8000000 values");
        refusesPickle(w -> { // the same with a tensor at the bottom
            w.tensor("0", 64, 0, NONE, NONE);
            for (int i = 0; i < 40; i++) {
                w.op('q').raw(0).op('0').op(']').op('(').op('h').raw(0).op('h').raw(0).op('e');
            }
        }, "tensor names of more than 67108864 characters");
        refusesPickle(w -> w.op(']').op('q').raw(0).op('h').raw(0).op('a'), "without any tensor", "nests values deeper");
        refusesPickle(w -> { // deep, so that recursion would overflow
            for (int i = 0; i < 500_000; i++) {
                w.op(']');
            }
            for (int i = 0; i < 499_999; i++) {
                w.op('a');
            }
        }, "nests values deeper than 64 levels", "without any tensor");
        refusesPickle(w -> { // a long list read again and again
            w.op(']').op('(');
            IntStream.range(0, 900_000).forEach(_ -> w.op(')'));
            w.op('e').op('q').raw(0).global("torch", "Size").op('q').raw(1);
            IntStream.range(0, 100_000).forEach(_ -> w.op('0').op('h').raw(1).op('h').raw(0).raw(0x85).op('R'));
        }, "goes through more than 64000000 items", "takes a value");
    }

    @Test
    void refusesOtherFiles() throws IOException {
        refuses(Bytes.file(folder, "a.pt", "hello world".getBytes()), "neither a ZIP archive nor a pickle");
        refuses(Bytes.file(folder, "a.pt", new PickleWriter().number(5L).end()), "a pickle that starts with the number 5, expected PyTorch's magic");
        refuses(Bytes.file(folder, "a.pt", PickleWriter.zip(Map.of("a/b", new byte[3]), false)), "a ZIP archive without data.pkl");
        refuses(Bytes.file(folder, "a.pt", PickleWriter.zip(Map.of("a/data.pkl", new byte[3], "b/data.pkl", new byte[3]), true)), "two pickles");
        refuses(Bytes.file(folder, "a.pt", PickleWriter.zip(Map.of("a/data.pkl", new byte[3], "a/constants.pkl", new byte[3]), true)), "a TorchScript program");
        byte[] whole = Files.readAllBytes(pickle("types.pt"));
        refuses(Bytes.file(folder, "a.pt", Arrays.copyOf(whole, whole.length - 100)), "ZIP archive without its directory at the end");
        byte[] old = Files.readAllBytes(pickle("types-old.pt"));
        refuses(Bytes.file(folder, "a.pt", Arrays.copyOf(old, old.length - 10)), "reaches past the end of the file");
        byte[] tar = new byte[512];
        System.arraycopy("ustar".getBytes(), 0, tar, 257, 5);
        refuses(Bytes.file(folder, "a.pt", tar), "a tar archive of PyTorch before 0.1.10");
    }

    @ParameterizedTest
    @ValueSource(strings = {"types.pt", "types4.pt", "types-old.pt", "wrapped.pt"})
    @Timeout(120)
    void survivesRandomDamage(String name) throws IOException {
        byte[] original = Files.readAllBytes(pickle(name));
        int refused = 0;
        for (int seed = 0; seed < 3000; seed++) {
            byte[] damaged = Bytes.mutate(original, new Random(seed), 0, seed % 2 == 0 ? original.length : 2000);
            Path file = Bytes.file(folder, "damaged.pt", damaged);
            try (WeightSource weights = PickleArchive.open(file)) {
                Set<String> names = weights.names();
                for (String tensor : names) {
                    weights.tensor(tensor).toFloats();
                }
            } catch (CheckpointException e) {
                assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
                refused++;
            } catch (Throwable e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertTrue(refused > 1000 && refused < 3000, refused + " refused");
    }

    /// The same on the pickle alone, so that the archive around it does not shield it.
    @Test
    @Timeout(120)
    void survivesRandomDamageOfThePickle() throws IOException {
        for (String name : List.of("types.pt", "types4.pt", "wrapped.pt", "nested.pt")) {
            MappedFile mapped = MappedFile.open(pickle(name), 4);
            ZipDirectory zip = new ZipDirectory(mapped);
            Map<String, byte[]> entries = new LinkedHashMap<>();
            String pickle = "";
            for (String entry : zip.names()) {
                ZipDirectory.Range range = zip.locate(entry);
                entries.put(entry, mapped.copy(range.offset(), (int) range.size()));
                pickle = entry.endsWith("data.pkl") ? entry : pickle;
            }
            byte[] original = entries.get(pickle);
            int refused = 0;
            for (int seed = 0; seed < 3000; seed++) {
                entries.put(pickle, Bytes.mutate(original, new Random(seed), 0, original.length));
                Path file = Bytes.file(folder, "damaged.pt", PickleWriter.zip(entries, seed % 2 == 0));
                try (WeightSource weights = PickleArchive.open(file)) {
                    for (String tensor : weights.names()) {
                        weights.tensor(tensor).toFloats();
                    }
                } catch (CheckpointException e) {
                    refused++;
                } catch (Throwable e) {
                    throw new AssertionError(name + " seed " + seed, e);
                }
            }
            assertTrue(refused > 1000 && refused < 3000, name + ": " + refused + " refused");
        }
    }

    private static void check(WeightSource weights, String name, long[] shape, Values values) {
        Tensor tensor = weights.tensor(name);
        assertArrayEquals(shape, tensor.shape(), name);
        assertArrayEquals(floats((int) tensor.elements(), values), tensor.toFloats(), name);
    }

    private interface Values {
        float at(int index);
    }

    private static float[] floats(int count, Values values) {
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = values.at(i);
        }
        return floats;
    }

    private static byte[] dict(Consumer<PickleWriter> item) {
        PickleWriter writer = new PickleWriter().op('}');
        item.accept(writer);
        return writer.op('s').end();
    }

    private void refusesTensor(long storage, long offset, long[] shape, long[] stride, String message) {
        refusesPickle(w -> w.op('}').text("a").tensor("0", storage, offset, shape, stride).op('s'), message);
    }

    private void refusesPickle(Consumer<PickleWriter> content, String... messages) {
        PickleWriter writer = new PickleWriter();
        content.accept(writer);
        refuses(Bytes.file(folder, "bad.pt", PickleWriter.archive(writer.end())), messages);
    }

    private static void refuses(Path file, String... messages) {
        CheckpointException e = assertThrows(CheckpointException.class, () -> PickleArchive.open(file));
        assertTrue(List.of(messages).stream().anyMatch(e.getMessage()::contains) && e.getMessage().startsWith(file.toString()),
                e.getMessage());
    }

    private static Path pickle(String name) {
        return Repository.path("testdata/pickle/" + name);
    }
}
