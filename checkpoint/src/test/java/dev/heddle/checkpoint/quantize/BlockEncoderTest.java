package dev.heddle.checkpoint.quantize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.checkpoint.Repository;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// `testdata/quantize` holds numbers of several distributions (normal, heavy-tailed, all positive, all negative, sub-blocks of
/// very different size, mostly zero, constant, tiny, multiples of an eighth) and what ggml's `ggml_quantize_chunk` makes of
/// them, written by `tools/oracle/quantized_blocks.py`.
class BlockEncoderTest {
    private static final Map<String, BlockEncoder> ENCODERS = Map.of(
            "q8_0", SymmetricBlocks.Q8_0, "q4_0", SymmetricBlocks.Q4_0, "q5_0", SymmetricBlocks.Q5_0,
            "q4_1", AffineBlocks.Q4_1, "q5_1", AffineBlocks.Q5_1,
            "q3_K", new Q3SuperBlocks(), "q4_K", AffineSuperBlocks.Q4_K, "q5_K", AffineSuperBlocks.Q5_K,
            "q6_K", new Q6SuperBlocks());

    static Stream<String> types() {
        return ENCODERS.keySet().stream().sorted();
    }

    @ParameterizedTest
    @MethodSource("types")
    void bytesAreThoseOfTheReference(String type) throws IOException {
        float[] x = input();
        BlockEncoder encoder = ENCODERS.get(type);
        byte[] expected = Files.readAllBytes(folder().resolve(type + ".bin"));
        int blocks = x.length / encoder.elements();
        assertEquals(expected.length, blocks * encoder.bytes());
        byte[] actual = new byte[expected.length];
        encoder.encode(x, 0, blocks, actual, 0);
        for (int i = 0; i < blocks; i++) {
            int at = i * encoder.bytes();
            assertArrayEquals(Arrays.copyOfRange(expected, at, at + encoder.bytes()),
                    Arrays.copyOfRange(actual, at, at + encoder.bytes()), type + " block " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void blocksDoNotDependOnWhereTheyStand(String type) throws IOException {
        float[] x = input();
        BlockEncoder encoder = ENCODERS.get(type);
        byte[] expected = Files.readAllBytes(folder().resolve(type + ".bin"));
        byte[] one = new byte[encoder.bytes() + 5];
        Arrays.fill(one, (byte) 0x55);
        int block = x.length / encoder.elements() - 2;
        encoder.encode(x, block * encoder.elements(), 1, one, 3);
        assertArrayEquals(Arrays.copyOfRange(expected, block * encoder.bytes(), (block + 1) * encoder.bytes()),
                Arrays.copyOfRange(one, 3, 3 + encoder.bytes()));
        assertEquals(0x55, one[2]);
        assertEquals(0x55, one[3 + encoder.bytes()]);
    }

    private static Path folder() {
        return Repository.path("testdata/quantize");
    }

    private static float[] input() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(folder().resolve("input.f32"))).order(ByteOrder.LITTLE_ENDIAN);
        float[] x = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(x);
        return x;
    }
}
