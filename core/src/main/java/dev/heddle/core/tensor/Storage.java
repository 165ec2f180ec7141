package dev.heddle.core.tensor;

/// A stretch of some device's memory that tensors view. It need not be readable by the host:
/// [#address] belongs to the kernels of the device that made it.
public interface Storage {
    /// A storage of nothing, for tensors that only carry a shape (counting parameters of a model too
    /// large to hold, say). Asking for its address is an error.
    Storage NONE = new Storage() {
        @Override
        public long bytes() {
            return 0;
        }

        @Override
        public long address() {
            throw new IllegalStateException("this tensor has a shape but no memory");
        }

        @Override
        public String toString() {
            return "no memory";
        }
    };

    /// Size in bytes.
    long bytes();

    /// Whether this is a file in memory, which the system reads and forgets as it likes.
    default boolean isFile() {
        return false;
    }

    /// Says that bytes will hardly be read again: what the system can fetch back from a file need not stay in memory.
    default void unload(long offset, long bytes) {
    }

    /// Address of the first byte, in the memory of the device that owns it.
    /// @throws IllegalStateException if the caller may not read this memory
    long address();
}
