package dev.heddle.engine.measure;

/// The two loops that find a machine's limits: one does nothing but read, the other nothing but multiply and add.
interface MeasuringLoops {
    /// Those of the Vector API where its module is present, plain ones otherwise.
    static MeasuringLoops of(boolean vectorModule) {
        return vectorModule ? new VectorLoops() : new PlainLoops();
    }

    /// Reads `bytes` bytes from `address` and returns what they amount to.
    long stream(long address, long bytes);

    /// Floats in a register.
    int lanes();

    /// Independent chains of multiply-adds in [#multiplyAdd].
    int CHAINS = 10;

    /// `steps` multiply-adds of whole registers in each of the chains.
    float multiplyAdd(int steps);
}
