package dev.heddle.checkpoint.weights;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// The entries of a mapped ZIP archive and where their contents lie in the file.
///
/// The JDK's own reader hides that place, which mapping needs. Entries of more than 4 GiB (ZIP64) are read;
/// archives in several parts are not. Contents must be stored, neither compressed nor encrypted, which is
/// checked when an entry is [located][#locate].
///
/// Source: PKWARE's APPNOTE, sections 4.3 and 4.5.3.
final class ZipDirectory {
    private static final long END = 0x06054b50L;
    private static final long END_64 = 0x06064b50L;
    private static final long LOCATOR_64 = 0x07064b50L;
    private static final long CENTRAL = 0x02014b50L;
    private static final long LOCAL = 0x04034b50L;
    private static final int MAX_ENTRIES = 1_000_000;

    /// Where the content of an entry lies.
    record Range(long offset, long size) {
    }

    private record Entry(long header, int flags, int method, long packed, long size) {
    }

    private final MappedFile file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    ZipDirectory(MappedFile file) {
        this.file = file;
        read(findEnd());
    }

    Iterable<String> names() {
        return entries.keySet();
    }

    boolean contains(String name) {
        return entries.containsKey(name);
    }

    /// Where the content of `name` lies in the file, checked to be inside it.
    Range locate(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw file.error("the archive has no entry " + name);
        }
        if (entry.method != 0 || entry.packed != entry.size || (entry.flags & 1) != 0) {
            throw file.error("entry " + name + " is " + ((entry.flags & 1) != 0 ? "encrypted" : "compressed")
                    + ", expected it stored as it is, as torch.save does");
        }
        if (entry.header > file.size() - 30 || file.u32(entry.header) != LOCAL) {
            throw file.error("entry " + name + " has no header at byte " + entry.header + "; the archive is damaged");
        }
        long offset = entry.header + 30 + file.u16(entry.header + 26) + file.u16(entry.header + 28);
        if (offset > file.size() || entry.size > file.size() - offset) {
            throw file.error("entry " + name + " has " + entry.size + " bytes at byte " + offset + " of a file of "
                    + file.size() + "; the file is truncated");
        }
        return new Range(offset, entry.size);
    }

    private long findEnd() {
        long lowest = Math.max(0, file.size() - 22 - 0xffff);
        for (long at = file.size() - 22; at >= lowest; at--) {
            if (file.u32(at) == END && at + 22 + file.u16(at + 20) <= file.size()) {
                return at;
            }
        }
        throw file.error("a ZIP archive without its directory at the end; the file is truncated");
    }

    private void read(long end) {
        long count = file.u16(end + 10);
        long size = file.u32(end + 12);
        long start = file.u32(end + 16);
        if (end >= 20 && file.u32(end - 20) == LOCATOR_64) {
            long end64 = file.i64(end - 20 + 8);
            if (end64 < 0 || end64 > file.size() - 56 || file.u32(end64) != END_64) {
                throw file.error("the ZIP64 directory is not at byte " + Long.toUnsignedString(end64)
                        + ", where the archive says it is");
            }
            count = file.i64(end64 + 32);
            size = file.i64(end64 + 40);
            start = file.i64(end64 + 48);
        }
        if (start < 0 || size < 0 || start > file.size() || size > file.size() - start) {
            throw file.error("the ZIP directory of " + Long.toUnsignedString(size) + " bytes at byte "
                    + Long.toUnsignedString(start) + " lies outside the file of " + file.size() + " bytes");
        }
        if (count < 0 || count > MAX_ENTRIES) {
            throw file.error("the archive claims " + Long.toUnsignedString(count) + " entries, expected at most " + MAX_ENTRIES);
        }
        long limit = start + size;
        long at = start;
        for (long i = 0; i < count; i++) {
            at = readEntry(at, limit, i);
        }
    }

    private long readEntry(long at, long limit, long index) {
        if (at > limit - 46 || file.u32(at) != CENTRAL) {
            throw file.error("entry " + index + " of the ZIP directory is damaged (byte " + at + ")");
        }
        int nameLength = file.u16(at + 28);
        int extraLength = file.u16(at + 30);
        long next = at + 46 + nameLength + extraLength + file.u16(at + 32);
        if (next > limit) {
            throw file.error("entry " + index + " of the ZIP directory reaches past its end (byte " + at + ")");
        }
        String name = new String(file.copy(at + 46, nameLength), StandardCharsets.UTF_8);
        long packed = file.u32(at + 20);
        long size = file.u32(at + 24);
        long header = file.u32(at + 42);
        // ZIP64: each 32-bit field that is all ones is given, in this order, in an extra field
        long extra = at + 46 + nameLength;
        long extraEnd = extra + extraLength;
        while (extra + 4 <= extraEnd) {
            long fieldEnd = extra + 4 + file.u16(extra + 2);
            if (file.u16(extra) == 1 && fieldEnd <= extraEnd) {
                long value = extra + 4;
                if (size == 0xffff_ffffL && value + 8 <= fieldEnd) {
                    size = file.i64(value);
                    value += 8;
                }
                if (packed == 0xffff_ffffL && value + 8 <= fieldEnd) {
                    packed = file.i64(value);
                    value += 8;
                }
                if (header == 0xffff_ffffL && value + 8 <= fieldEnd) {
                    header = file.i64(value);
                }
            }
            extra = fieldEnd;
        }
        if (size < 0 || packed < 0 || header < 0) {
            throw file.error("entry " + name + " has a negative size or place");
        }
        if (entries.put(name, new Entry(header, file.u16(at + 8), file.u16(at + 10), packed, size)) != null) {
            throw file.error("the archive has two entries called " + name);
        }
        return next;
    }
}
