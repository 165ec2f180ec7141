package dev.heddle.checkpoint.weights;

import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.core.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Interprets the part of Python's pickle language that describes tensors, and runs nothing.
///
/// A pickle is a program for a stack machine. The opcodes that build numbers, strings, lists, tuples and
/// dictionaries (binary forms, protocols 2 to 5) are carried out; a reference to a Python name is compared with
/// [PickleGlobal#KNOWN], and any other name is an error that says which. There is no way to reach Java code.
///
/// Results are `Long`, `BigInteger`, `Double`, `Boolean`, `String`, `byte[]`, [None], [List], [Tuple], [Map],
/// [TorchStorage], [TorchTensor] and [PickleGlobal]. Lists and maps may contain themselves.
///
/// Work and memory are bounded: by the number of opcodes, the size of the stack and the total length of strings.
///
/// Source: the opcode descriptions in CPython's `pickletools` module.
final class PickleMachine {
    private static final int MAX_OPCODES = 8_000_000;
    private static final int MAX_STACK = 1_000_000;
    private static final long MAX_ITEMS = 64_000_000;
    private static final long MAX_TEXT = 64L << 20;
    private static final int MAX_LONG = 256;
    private static final int MAX_NAME = 4096;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong BIG_ENDIAN = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /// Python's `None`.
    enum None {
        NONE
    }

    /// Python's `tuple`.
    record Tuple(List<Object> items) {
    }

    private final String origin;
    private final MemorySegment bytes;
    private final List<Object> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    private final Map<String, TorchStorage> storages = new LinkedHashMap<>();
    private long position;
    private long text;
    private long items;

    /// A machine for the pickle that starts at `position` of `bytes`; `origin` names it in errors.
    PickleMachine(String origin, MemorySegment bytes, long position) {
        this.origin = origin;
        this.bytes = bytes;
        this.position = position;
    }

    /// Runs to the end of the pickle and returns the object it describes.
    Object run() {
        for (int count = 0; count < MAX_OPCODES; count++) {
            int opcode = u8();
            if (opcode == '.') {
                Object result = pop();
                if (!stack.isEmpty() || !marks.isEmpty()) {
                    throw error("ends with " + stack.size() + " values left over");
                }
                return result;
            }
            step(opcode);
            if (stack.size() > MAX_STACK || marks.size() > MAX_STACK) {
                throw error("piles up more than " + MAX_STACK + " values");
            }
        }
        throw error("has more than " + MAX_OPCODES + " steps");
    }

    /// The storages referred to, by key, in order of appearance. (A key is one storage: its sizes must agree.)
    Map<String, TorchStorage> storages() {
        return storages;
    }

    /// The position after what was read last.
    long position() {
        return position;
    }

    private void step(int opcode) {
        switch (opcode) {
            case 0x80 -> protocol(u8());
            case 0x95 -> i64(); // FRAME: a hint for readers of streams
            case '(' -> marks.add(stack.size());
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(top());
            case 'N' -> push(None.NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) i32());
            case 'K' -> push((long) u8());
            case 'M' -> push((long) (u8() | u8() << 8));
            case 0x8a -> push(bigInteger(u8()));
            case 0x8b -> push(bigInteger(length(i32(), MAX_LONG)));
            case 'G' -> push(Double.longBitsToDouble(bytes.get(BIG_ENDIAN, advance(8))));
            case 'U' -> push(string(u8(), StandardCharsets.ISO_8859_1));
            case 'T' -> push(string(i32(), StandardCharsets.ISO_8859_1));
            case 0x8c -> push(string(u8(), StandardCharsets.UTF_8));
            case 'X' -> push(string(i32() & 0xffff_ffffL, StandardCharsets.UTF_8));
            case 0x8d -> push(string(i64(), StandardCharsets.UTF_8));
            case 'C' -> push(raw(u8()));
            case 'B' -> push(raw(i32() & 0xffff_ffffL));
            case 0x8e -> push(raw(i64()));
            case ']' -> push(new ArrayList<>(0));
            case 'a' -> append(List.of(pop()));
            case 'e' -> append(popToMark());
            case 'l' -> push(new ArrayList<>(popToMark()));
            case ')' -> push(new Tuple(List.of()));
            case 't' -> push(new Tuple(popToMark()));
            case 0x85 -> push(new Tuple(popLast(1)));
            case 0x86 -> push(new Tuple(popLast(2)));
            case 0x87 -> push(new Tuple(popLast(3)));
            case '}' -> push(new LinkedHashMap<>(0));
            case 's' -> setItems(popLast(2));
            case 'u' -> setItems(popToMark());
            case 'd' -> {
                List<Object> items = popToMark();
                push(new LinkedHashMap<>());
                setItems(items);
            }
            case 'q' -> memo.put((long) u8(), top());
            case 'r' -> memo.put(i32() & 0xffff_ffffL, top());
            case 0x94 -> memo.put((long) memo.size(), top());
            case 'h' -> push(remembered(u8()));
            case 'j' -> push(remembered(i32() & 0xffff_ffffL));
            case 'c' -> {
                String module = line();
                push(global(module, line()));
            }
            case 0x93 -> {
                List<Object> names = popLast(2);
                push(global(asText(names.get(0), "module name"), asText(names.get(1), "global name")));
            }
            case 'Q' -> push(storage(pop()));
            case 'R' -> {
                List<Object> call = popLast(2);
                push(call(call.get(0), asTuple(call.get(1), "arguments")));
            }
            case 'b' -> {
                pop();
                if (!(top() instanceof Map)) {
                    throw error("sets the attributes of " + kind(top()) + ", which only a dictionary may have");
                }
            }
            default -> throw error("has opcode 0x" + Integer.toHexString(opcode)
                    + (opcode > ' ' && opcode < 0x7f ? " ('" + (char) opcode + "')" : "")
                    + ", which no tensor file needs; the file is damaged or carries more than weights");
        }
    }

    private void protocol(int version) {
        if (version < 2 || version > 5) {
            throw error("has pickle protocol " + version + ", supported are 2 to 5");
        }
    }

    // ---- names, storages, calls

    private PickleGlobal global(String module, String name) {
        return PickleGlobal.find(module, name).orElseThrow(() -> error("refers to the Python name " + shown(module + "." + name)
                + near() + ". Only tensors and plain values are read and nothing is executed; if you trust the file, "
                + "save its state_dict as safetensors with PyTorch"));
    }

    /// `('storage', class, key, device, elements[, (view key, offset, elements)])`
    private TorchStorage storage(Object id) {
        List<Object> parts = asTuple(id, "persistent id");
        if (parts.size() < 5 || parts.size() > 6 || !"storage".equals(parts.get(0))
                || !(parts.get(1) instanceof PickleGlobal.StorageType(DType dtype))) {
            throw error("has a persistent id of " + parts.size() + " parts" + near()
                    + ", expected ('storage', class, key, device, elements)");
        }
        long rootBytes = bytes(dtype, parts.get(4));
        String key = asText(parts.get(2), "storage key");
        TorchStorage root = new TorchStorage(key, dtype, rootBytes, 0, rootBytes);
        TorchStorage first = storages.putIfAbsent(key, root);
        if (first != null && first.rootBytes() != rootBytes) {
            throw error("has storage " + shown(key) + " of " + rootBytes + " bytes and of " + first.rootBytes());
        }
        if (parts.size() == 5 || parts.get(5) == None.NONE) {
            return root;
        }
        List<Object> view = asTuple(parts.get(5), "storage view");
        if (view.size() != 3) {
            throw error("has a storage view of " + view.size() + " parts, expected key, offset and elements");
        }
        long offset = bytes(dtype, view.get(1));
        long size = bytes(dtype, view.get(2));
        if (offset > rootBytes || size > rootBytes - offset) {
            throw error("has a view of " + size + " bytes at byte " + offset + " of storage " + shown(key) + ", which has "
                    + rootBytes);
        }
        return new TorchStorage(key, dtype, rootBytes, offset, size);
    }

    private long bytes(DType dtype, Object elements) {
        long count = asLong(elements, "number of elements");
        if (count < 0 || count > Long.MAX_VALUE / dtype.size()) {
            throw error("has a storage of " + count + " elements");
        }
        return dtype.bytes(count);
    }

    private Object call(Object function, List<Object> arguments) {
        if (!(function instanceof PickleGlobal global)) {
            throw error("calls " + kind(function));
        }
        return switch (global) {
            case PickleGlobal.OrderedDict _ -> orderedDict(arguments);
            case PickleGlobal.Size _ -> new Tuple(List.copyOf(sequence(arguments.isEmpty() ? None.NONE : arguments.get(0))));
            case PickleGlobal.RebuildTensor(int version) -> tensor(version, arguments);
            case PickleGlobal.RebuildParameter _ -> {
                if (arguments.isEmpty() || !(arguments.get(0) instanceof TorchTensor tensor)) {
                    throw error("makes a parameter of something that is no tensor" + near());
                }
                yield tensor;
            }
            case PickleGlobal.StorageType _, PickleGlobal.ElementType _ -> throw error("calls a torch type" + near());
        };
    }

    private Map<Object, Object> orderedDict(List<Object> arguments) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (!arguments.isEmpty()) {
            for (Object pair : sequence(arguments.get(0))) {
                List<Object> keyAndValue = sequence(pair);
                if (keyAndValue.size() != 2) {
                    throw error("makes a dictionary of items that are no pairs");
                }
                map.put(key(keyAndValue.get(0)), keyAndValue.get(1));
            }
        }
        return map;
    }

    /// `(storage, offset, size, stride[, requires_grad, hooks[, dtype (v3 only)][, metadata]])`
    private TorchTensor tensor(int version, List<Object> arguments) {
        if (arguments.size() < (version == 3 ? 7 : 4) || !(arguments.get(0) instanceof TorchStorage storage)) {
            throw error("describes a tensor by " + arguments.size() + " arguments" + near()
                    + ", expected storage, offset, size and stride first");
        }
        DType dtype = storage.dtype();
        if (version == 3) {
            if (!(arguments.get(6) instanceof PickleGlobal.ElementType(DType given))) {
                throw error("describes a tensor of element type " + kind(arguments.get(6)) + near());
            }
            dtype = given;
        }
        int metadata = version == 3 ? 7 : 6;
        if (arguments.size() > metadata && arguments.get(metadata) instanceof Map<?, ?> flags
                && (Boolean.TRUE.equals(flags.get("neg")) || Boolean.TRUE.equals(flags.get("conj")))) {
            throw error("describes a tensor that is to be negated or conjugated when read" + near()
                    + "; save a resolved copy of it");
        }
        try {
            return TorchTensor.of(storage, dtype, asLong(arguments.get(1), "offset"), sizes(arguments.get(2)),
                    sizes(arguments.get(3)));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(origin + ": the tensor" + near() + ": " + e.getMessage(), e);
        }
    }

    private long[] sizes(Object tuple) {
        List<Object> items = sequence(tuple);
        if (items.size() > 64) {
            throw error("describes a tensor of " + items.size() + " dimensions" + near());
        }
        return items.stream().mapToLong(item -> asLong(item, "size or stride")).toArray();
    }

    // ---- containers

    @SuppressWarnings("unchecked")
    private void append(List<Object> items) {
        if (!(top() instanceof ArrayList)) {
            throw error("appends to " + kind(top()));
        }
        ((List<Object>) top()).addAll(items);
    }

    @SuppressWarnings("unchecked")
    private void setItems(List<Object> items) {
        if (!(top() instanceof Map)) {
            throw error("sets an item of " + kind(top()));
        }
        if (items.size() % 2 != 0) {
            throw error("sets a key without a value");
        }
        Map<Object, Object> map = (Map<Object, Object>) top();
        for (int i = 0; i < items.size(); i += 2) {
            map.put(key(items.get(i)), items.get(i + 1));
        }
    }

    /// Only plain values may be keys: hashing a container that contains itself would not end.
    private Object key(Object key) {
        if (key instanceof String || key instanceof Long || key instanceof Boolean || key instanceof Double
                || key == None.NONE) {
            return key;
        }
        throw error("has " + kind(key) + " as a dictionary key");
    }

    private List<Object> sequence(Object value) {
        if (value instanceof Tuple(List<Object> elements)) {
            charge(elements.size());
            return elements;
        }
        if (value instanceof ArrayList<?> list) {
            charge(list.size());
            return new ArrayList<>(list);
        }
        throw error("has " + kind(value) + near() + ", expected a tuple or list");
    }

    /// Counts work that one opcode can ask for again and again on the same large value.
    private void charge(int count) {
        items += count;
        if (items > MAX_ITEMS) {
            throw error("goes through more than " + MAX_ITEMS + " items");
        }
    }

    // ---- stack

    private void push(Object value) {
        stack.add(value);
    }

    private int floor() {
        return marks.isEmpty() ? 0 : marks.getLast();
    }

    private Object top() {
        if (stack.size() <= floor()) {
            throw error("takes a value from an empty stack");
        }
        return stack.getLast();
    }

    private Object pop() {
        Object value = top();
        stack.removeLast();
        return value;
    }

    private List<Object> popLast(int count) {
        if (stack.size() - count < floor()) {
            throw error("takes a value from an empty stack");
        }
        return popFrom(stack.size() - count);
    }

    private List<Object> popToMark() {
        if (marks.isEmpty()) {
            throw error("takes values back to a mark that was not set");
        }
        return popFrom(marks.removeLast());
    }

    private List<Object> popFrom(int from) {
        List<Object> tail = stack.subList(from, stack.size());
        List<Object> values = Arrays.asList(tail.toArray());
        tail.clear();
        return values;
    }

    private Object remembered(long index) {
        Object value = memo.get(index);
        if (value == null) {
            throw error("refers to value " + index + ", which was not stored");
        }
        return value;
    }

    // ---- values

    private List<Object> asTuple(Object value, String what) {
        if (value instanceof Tuple(List<Object> elements)) {
            return elements;
        }
        throw error("has " + kind(value) + " as " + what + near() + ", expected a tuple");
    }

    private String asText(Object value, String what) {
        if (value instanceof String string) {
            return string;
        }
        throw error("has " + kind(value) + " as " + what + near() + ", expected a string");
    }

    private long asLong(Object value, String what) {
        if (value instanceof Long number) {
            return number;
        }
        throw error("has " + kind(value) + " as " + what + near() + ", expected a whole number");
    }

    static String kind(Object value) {
        return switch (value) {
            case None _ -> "None";
            case Boolean _ -> "a bool";
            case Long number -> "the number " + number;
            case BigInteger _ -> "a number of more than 64 bits";
            case Double number -> "the number " + number;
            case String string -> "the string \"" + shown(string) + "\"";
            case byte[] array -> array.length + " bytes";
            case Tuple tuple -> "a tuple of " + tuple.items().size();
            case List<?> list -> "a list of " + list.size();
            case Map<?, ?> map -> "a dictionary of " + map.size();
            case TorchStorage _ -> "a storage";
            case TorchTensor _ -> "a tensor";
            default -> "a Python class or function";
        };
    }

    /// The last string on the stack, which is the name of the tensor being described or close to it.
    private String near() {
        for (int i = stack.size() - 1; i >= 0; i--) {
            if (stack.get(i) instanceof String string) {
                return " near \"" + shown(string) + "\"";
            }
        }
        return "";
    }

    private static String shown(String text) {
        String clean = text.codePoints().limit(200).map(c -> Character.isISOControl(c) ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
        return clean.length() < text.length() ? clean + "…" : clean;
    }

    // ---- bytes

    private long advance(long count) {
        long at = position;
        if (count > bytes.byteSize() - at) {
            throw error("ends in the middle of a value of " + count + " bytes");
        }
        position += count;
        return at;
    }

    private int u8() {
        return bytes.get(ValueLayout.JAVA_BYTE, advance(1)) & 0xff;
    }

    private int i32() {
        return bytes.get(INT, advance(4));
    }

    private long i64() {
        return bytes.get(LONG, advance(8));
    }

    private int length(long length, long most) {
        if (length < 0 || length > most) {
            throw error("has a value of length " + Long.toUnsignedString(length) + ", expected at most " + most);
        }
        return (int) length;
    }

    private byte[] raw(long length) {
        int checked = length(length, MAX_TEXT - text);
        long at = advance(checked);
        text += checked;
        return bytes.asSlice(at, checked).toArray(ValueLayout.JAVA_BYTE);
    }

    private String string(long length, Charset charset) {
        byte[] raw = raw(length);
        try {
            return charset.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
        } catch (CharacterCodingException e) {
            throw new CheckpointException(origin + ": the pickle has a string that is not " + charset + " before byte "
                    + position, e);
        }
    }

    private Object bigInteger(int length) {
        byte[] little = raw(length);
        byte[] big = new byte[length];
        for (int i = 0; i < length; i++) {
            big[i] = little[length - 1 - i];
        }
        BigInteger value = length == 0 ? BigInteger.ZERO : new BigInteger(big);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private String line() {
        long end = position;
        while (end < bytes.byteSize() && end - position < MAX_NAME && bytes.get(ValueLayout.JAVA_BYTE, end) != '\n') {
            end++;
        }
        String line = string(end - position, StandardCharsets.UTF_8);
        if (u8() != '\n') {
            throw error("has a name of more than " + MAX_NAME + " bytes");
        }
        return line;
    }

    private CheckpointException error(String what) {
        return new CheckpointException(origin + ": the pickle " + what + " (before byte " + position + ")");
    }
}
