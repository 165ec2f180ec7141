package dev.heddle.checkpoint.weights;

import dev.heddle.core.tensor.DType;
import java.util.Map;
import java.util.Optional;

/// The names a pickle may refer to: all there are. Each stands for something the reader itself builds; none is
/// looked up or run.
sealed interface PickleGlobal {
    /// `collections.OrderedDict`
    record OrderedDict() implements PickleGlobal {
    }

    /// `torch.Size`
    record Size() implements PickleGlobal {
    }

    /// A storage class such as `torch.HalfStorage`.
    record StorageType(DType dtype) implements PickleGlobal {
    }

    /// An element type such as `torch.bfloat16`.
    record ElementType(DType dtype) implements PickleGlobal {
    }

    /// `torch._utils._rebuild_tensor`, `…_v2` and `…_v3`, which differ in their arguments.
    record RebuildTensor(int version) implements PickleGlobal {
    }

    /// `torch._utils._rebuild_parameter` and `…_with_state`.
    record RebuildParameter() implements PickleGlobal {
    }

    Map<String, PickleGlobal> KNOWN = Map.ofEntries(
            Map.entry("collections.OrderedDict", new OrderedDict()),
            Map.entry("torch.Size", new Size()),
            Map.entry("torch._utils._rebuild_tensor", new RebuildTensor(1)),
            Map.entry("torch._utils._rebuild_tensor_v2", new RebuildTensor(2)),
            Map.entry("torch._utils._rebuild_tensor_v3", new RebuildTensor(3)),
            Map.entry("torch._utils._rebuild_parameter", new RebuildParameter()),
            Map.entry("torch._utils._rebuild_parameter_with_state", new RebuildParameter()),
            Map.entry("torch.DoubleStorage", new StorageType(DType.F64)),
            Map.entry("torch.FloatStorage", new StorageType(DType.F32)),
            Map.entry("torch.HalfStorage", new StorageType(DType.F16)),
            Map.entry("torch.BFloat16Storage", new StorageType(DType.BF16)),
            Map.entry("torch.LongStorage", new StorageType(DType.I64)),
            Map.entry("torch.IntStorage", new StorageType(DType.I32)),
            Map.entry("torch.ShortStorage", new StorageType(DType.I16)),
            Map.entry("torch.CharStorage", new StorageType(DType.I8)),
            Map.entry("torch.ByteStorage", new StorageType(DType.U8)),
            Map.entry("torch.BoolStorage", new StorageType(DType.BOOL)),
            Map.entry("torch.UntypedStorage", new StorageType(DType.U8)),
            Map.entry("torch.storage.UntypedStorage", new StorageType(DType.U8)),
            Map.entry("torch.float64", new ElementType(DType.F64)),
            Map.entry("torch.float32", new ElementType(DType.F32)),
            Map.entry("torch.float16", new ElementType(DType.F16)),
            Map.entry("torch.bfloat16", new ElementType(DType.BF16)),
            Map.entry("torch.int64", new ElementType(DType.I64)),
            Map.entry("torch.int32", new ElementType(DType.I32)),
            Map.entry("torch.int16", new ElementType(DType.I16)),
            Map.entry("torch.int8", new ElementType(DType.I8)),
            Map.entry("torch.uint8", new ElementType(DType.U8)),
            Map.entry("torch.bool", new ElementType(DType.BOOL)));

    static Optional<PickleGlobal> find(String module, String name) {
        return Optional.ofNullable(KNOWN.get(module + "." + name));
    }
}
