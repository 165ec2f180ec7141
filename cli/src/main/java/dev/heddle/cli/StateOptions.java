package dev.heddle.cli;

import dev.heddle.core.state.RecurrentType;
import dev.heddle.core.state.StateTypes;
import dev.heddle.core.tensor.DType;
import java.util.Locale;
import picocli.CommandLine.Option;

/// Options that choose how keys, values and recurrent states are stored.
final class StateOptions {
    @Option(names = {"--cache-type-k", "-ctk"}, paramLabel = "TYPE", description = "how keys are kept: f32 (default), bf16, f16 or q8_0")
    String keys;

    @Option(names = {"--cache-type-v", "-ctv"}, paramLabel = "TYPE", description = "how values are kept: f32 (default), bf16, f16 or q8_0")
    String values;

    @Option(names = "--state-type", paramLabel = "TYPE",
            description = "how large recurrent states are kept between passes: f32 (default), bf16 or int8")
    String states;

    /// What was asked for; f32 elsewhere.
    StateTypes types() {
        return types(StateTypes.EXACT);
    }

    /// What was asked for, and `usual` elsewhere.
    StateTypes types(StateTypes usual) {
        return new StateTypes(keys == null ? usual.keys() : cacheType("--cache-type-k", keys),
                values == null ? usual.values() : cacheType("--cache-type-v", values),
                states == null ? usual.recurrent() : stateType(states));
    }

    private static DType cacheType(String option, String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "f32" -> DType.F32;
            case "bf16" -> DType.BF16;
            case "f16" -> DType.F16;
            case "q8_0" -> DType.Q8_0;
            default -> throw new UsageException(option + " must be f32, bf16, f16 or q8_0, not " + name);
        };
    }

    private static RecurrentType stateType(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "f32" -> RecurrentType.F32;
            case "bf16" -> RecurrentType.BF16;
            case "int8" -> RecurrentType.INT8;
            default -> throw new UsageException("--state-type must be f32, bf16 or int8, not " + name);
        };
    }
}
