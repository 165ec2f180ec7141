package dev.heddle.core.spec;

/// Element-wise non-linearities under the names checkpoints use.
public enum Activation {
    IDENTITY, SILU, GELU, GELU_TANH, RELU, RELU_SQUARED, SIGMOID, TANH, SOFTPLUS, ELU_PLUS_ONE;

    /// The activation a configuration calls `name` (`silu`, `swish`, `gelu_pytorch_tanh`, `relu2`, …).
    /// @throws SpecException for a name nobody knows
    public static Activation named(String name) {
        return switch (name) {
            case "silu", "swish" -> SILU;
            case "gelu" -> GELU;
            case "gelu_tanh", "gelu_new", "gelu_pytorch_tanh", "gelu_fast" -> GELU_TANH;
            case "relu" -> RELU;
            case "relu2", "relu_squared", "squared_relu" -> RELU_SQUARED;
            case "sigmoid" -> SIGMOID;
            case "tanh" -> TANH;
            case "identity", "linear", "none" -> IDENTITY;
            default -> throw new SpecException("activation", "\"" + name + "\" is unknown; known are silu, swish, gelu, "
                    + "gelu_pytorch_tanh, relu, relu2, sigmoid, tanh, identity");
        };
    }
}
