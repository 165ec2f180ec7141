package dev.heddle.core.spec;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// What a record component is when a specification file leaves it out. A component without this annotation must be
/// written.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
    /// The value as a file would write it: `0`, `false`, `none`, `silu`.
    String value() default "";

    /// Instead of a value, the component of the same record whose value it takes.
    String sameAs() default "";
}
