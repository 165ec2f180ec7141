package dev.heddle.checkpoint.quantize;

/// Turns f32 numbers into the blocks of a quantized type, the bytes GGUF files hold.
///
/// Each encoder makes the same choice of scales as the reference quantizers of ggml without an importance matrix, by the
/// same arithmetic in the same order, so files are the same to the byte.
public interface BlockEncoder {
    /// Numbers in a block.
    int elements();

    /// Bytes of a block.
    int bytes();

    /// Encodes `blocks` blocks.
    ///
    /// @param x  finite numbers, those of the first block from `from` on
    /// @param to receives the blocks from `at` on
    void encode(float[] x, int from, int blocks, byte[] to, int at);
}
