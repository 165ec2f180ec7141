package dev.heddle.checkpoint.weights;

import dev.heddle.core.tensor.DType;

/// A storage that a pickle refers to: bytes of the archive, shared by the tensors that view it.
///
/// @param key its name in the archive
/// @param dtype element type of the storage class; U8 for an untyped one
/// @param rootBytes bytes of the whole storage in the archive
/// @param offset bytes from its start to the part referred to (old archives have views of storages)
/// @param bytes size of that part
record TorchStorage(String key, DType dtype, long rootBytes, long offset, long bytes) {
}
