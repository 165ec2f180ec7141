package dev.heddle.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

/// The launcher filters what the JVM says on standard error while it starts, and leaves the real stream on a
/// descriptor that the property `heddle.stderr` names.
final class ErrorStream {
    private ErrorStream() {
    }

    /// Makes the real stream standard error again (`dup2`); without the property, or where there is no `dup2`,
    /// everything stays as it is.
    static void takeOver() {
        Integer descriptor = Integer.getInteger("heddle.stderr");
        if (descriptor == null) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        linker.defaultLookup().find("dup2").ifPresent(function -> {
            try {
                int result = (int) linker.downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)).invokeExact((int) descriptor, 2);
                if (result < 0) {
                    System.err.println("heddle: descriptor " + descriptor + " is no open stream");
                }
            } catch (Throwable e) {
                throw new IllegalStateException("dup2 cannot be called", e);
            }
        });
    }
}
