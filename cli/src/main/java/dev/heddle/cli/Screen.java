package dev.heddle.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// How wide results may be, and whether in colour.
record Screen(int width, boolean colour) {
    private static final int FALLBACK = 80;
    /// What the tables need.
    static final int LEAST = 80;

    /// The terminal in front of a person, or 80 plain columns for a file. `NO_COLOR` turns colour off.
    static Screen detect() {
        boolean terminal = Output.isTerminal();
        return new Screen(terminal ? Math.max(LEAST, columns()) : FALLBACK, terminal && System.getenv("NO_COLOR") == null);
    }

    private static int columns() {
        String columns = System.getenv("COLUMNS");
        if (columns != null && columns.matches("[1-9]\\d{0,3}")) {
            return Integer.parseInt(columns);
        }
        String system = System.getProperty("os.name");
        // ioctl TIOCGWINSZ fills {rows, columns, width, height}, each of 16 bits
        long request = system.startsWith("Linux") ? 0x5413 : system.startsWith("Mac") ? 0x40087468 : 0;
        if (request == 0) {
            return FALLBACK;
        }
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find("ioctl").map(function -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment size = arena.allocate(8);
                int result = (int) linker.downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG, ValueLayout.ADDRESS), Linker.Option.firstVariadicArg(2)).invokeExact(1, request, size);
                int found = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, 2));
                return result == 0 && found > 0 ? found : FALLBACK;
            } catch (Throwable e) {
                throw new IllegalStateException("ioctl cannot be called", e);
            }
        }).orElse(FALLBACK);
    }
}
