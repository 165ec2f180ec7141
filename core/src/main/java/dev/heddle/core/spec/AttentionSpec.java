package dev.heddle.core.spec;

import java.util.function.Consumer;

/// Softmax attention with grouped key/value heads (Vaswani et al. 2017; Ainslie et al. 2023, GQA).
///
/// @param heads            query heads
/// @param kvHeads          key/value heads; divides `heads`
/// @param headDim          width of a query and key head
/// @param valueDim         width of a value head
/// @param inputWidth       width of the rows it reads; 0 means the model's width (Zamba reads twice that)
/// @param qkvBias          bias on the three input projections
/// @param outputBias       bias on the output projection
/// @param position         positional encoding
/// @param window           keys a query sees, itself included; 0 for all
/// @param sinks            leading positions every query sees whatever the window (Hymba's meta tokens)
/// @param scale            factor on q·k; 0 means 1/√headDim
/// @param softcap          c in c·tanh(score/c); 0 for none
/// @param queryKeyNorm     norm of queries and keys before the rotation; [NormSpec#NONE] for none
/// @param queryKeySpan     what that norm works over
/// @param keyScale         factor on keys (Falcon-H1's key multiplier); 1 for none
/// @param outputGate       whether the output is multiplied by a sigmoid of a projection of the input (Qwen3-Next)
/// @param outputProjection whether the heads are projected back to the model's width; without it they leave as they are
/// @param differential     the difference of two attentions (Phi-4-mini-flash); [Differential#NONE] for one
/// @param keyValues        where keys and values come from
/// @param adapterRank      rank of a correction that each use of a shared block adds to q, k and v by itself (Zamba2); 0 for
///                         none
/// @param convolution      width of a causal depthwise convolution with bias over the projected queries, keys and values
///                         (mamba_ssm's hybrids); 0 for none
public record AttentionSpec(
        int heads,
        @Default(sameAs = "heads") int kvHeads,
        int headDim,
        @Default(sameAs = "headDim") int valueDim,
        @Default("0") int inputWidth,
        @Default("false") boolean qkvBias,
        @Default("false") boolean outputBias,
        @Default("none") PositionSpec position,
        @Default("0") int window,
        @Default("0") int sinks,
        @Default("0") double scale,
        @Default("0") double softcap,
        @Default("none") NormSpec queryKeyNorm,
        @Default("head") Span queryKeySpan,
        @Default("1") double keyScale,
        @Default("false") boolean outputGate,
        @Default("true") boolean outputProjection,
        @Default("none") Differential differential,
        @Default("own") KeyValueSource keyValues,
        @Default("0") int adapterRank,
        @Default("0") int convolution) implements MixerSpec {
    /// What the norm of queries and keys works over: each head alone, or all heads of a row together (OLMo).
    public enum Span { HEAD, ROW }

    /// Differential attention (Ye et al. 2024): heads 2i and 2i+1 are a pair whose second attention, times a learned λ, is
    /// subtracted from the first; both read the pair's values side by side.
    ///
    /// @param initial  λ_init; 0 for ordinary attention
    /// @param headNorm norm of each pair's output
    public record Differential(double initial, @Default("none") NormSpec headNorm) {
        public static final Differential NONE = new Differential(0, NormSpec.NONE);

        public Differential {
            Check.notNegative("differential.initial", initial);
            Check.present("differential.headNorm", headNorm);
        }

        public boolean isNone() {
            return initial == 0;
        }
    }

    /// Where an attention layer's keys and values come from.
    public sealed interface KeyValueSource {
        KeyValueSource OWN = new Own();

        /// It projects and remembers its own.
        record Own() implements KeyValueSource {
        }

        /// Its own, which later layers may read under a name.
        record Published(String name) implements KeyValueSource {
            public Published {
                Check.present("keyValues.name", name);
            }
        }

        /// Those of the earlier layer that publishes this name; the layer has no projections for them.
        record Earlier(String name) implements KeyValueSource {
            public Earlier {
                Check.present("keyValues.name", name);
            }
        }
    }

    public AttentionSpec {
        Check.divides("attention.kvHeads", kvHeads, "attention.heads", heads);
        Check.positive("attention.headDim", headDim);
        Check.positive("attention.valueDim", valueDim);
        Check.notNegative("attention.inputWidth", inputWidth);
        Check.present("attention.position", position);
        Check.notNegative("attention.window", window);
        Check.notNegative("attention.sinks", sinks);
        Check.notNegative("attention.scale", scale);
        Check.notNegative("attention.softcap", softcap);
        Check.present("attention.queryKeyNorm", queryKeyNorm);
        Check.present("attention.queryKeySpan", queryKeySpan);
        Check.finite("attention.keyScale", keyScale);
        Check.present("attention.differential", differential);
        Check.present("attention.keyValues", keyValues);
        Check.notNegative("attention.adapterRank", adapterRank);
        Check.notNegative("attention.convolution", convolution);
        if (position instanceof PositionSpec.Rotary rotary && rotary.dimensions() > headDim) {
            throw new SpecException("attention.position.dimensions",
                    "(" + rotary.dimensions() + ") exceeds attention.headDim (" + headDim + ")");
        }
        if (!differential.isNone()) {
            Check.divides("2", 2, "attention.kvHeads", kvHeads);
        }
    }

    /// Causal attention over everything, without biases.
    public static AttentionSpec of(int heads, int kvHeads, int headDim, PositionSpec position) {
        return new AttentionSpec(heads, kvHeads, headDim, headDim, 0, false, false, position, 0, 0, 0, 0, NormSpec.NONE,
                Span.HEAD, 1, false, true, Differential.NONE, KeyValueSource.OWN, 0, 0);
    }

    public AttentionSpec withValueDim(int valueDim) {
        return with(fields -> fields.valueDim = valueDim);
    }

    public AttentionSpec withBias(boolean qkv, boolean output) {
        return with(fields -> {
            fields.qkvBias = qkv;
            fields.outputBias = output;
        });
    }

    public AttentionSpec withWindow(int window) {
        return with(fields -> fields.window = window);
    }

    public AttentionSpec withSinks(int sinks) {
        return with(fields -> fields.sinks = sinks);
    }

    public AttentionSpec withScale(double scale) {
        return with(fields -> fields.scale = scale);
    }

    public AttentionSpec withSoftcap(double softcap) {
        return with(fields -> fields.softcap = softcap);
    }

    /// A norm of each query and key head.
    public AttentionSpec withQueryKeyNorm(NormSpec norm) {
        return withQueryKeyNorm(norm, Span.HEAD);
    }

    public AttentionSpec withQueryKeyNorm(NormSpec norm, Span span) {
        return with(fields -> {
            fields.queryKeyNorm = norm;
            fields.queryKeySpan = span;
        });
    }

    public AttentionSpec withKeyScale(double keyScale) {
        return with(fields -> fields.keyScale = keyScale);
    }

    public AttentionSpec withInputWidth(int inputWidth) {
        return with(fields -> fields.inputWidth = inputWidth);
    }

    public AttentionSpec withOutputGate() {
        return with(fields -> fields.outputGate = true);
    }

    public AttentionSpec withoutOutputProjection() {
        return with(fields -> fields.outputProjection = false);
    }

    public AttentionSpec withDifferential(Differential differential) {
        return with(fields -> fields.differential = differential);
    }

    public AttentionSpec withKeyValues(KeyValueSource keyValues) {
        return with(fields -> fields.keyValues = keyValues);
    }

    public AttentionSpec withAdapterRank(int adapterRank) {
        return with(fields -> fields.adapterRank = adapterRank);
    }

    public AttentionSpec withConvolution(int convolution) {
        return with(fields -> fields.convolution = convolution);
    }

    /// The factor on q·k.
    public double scoreScale() {
        return scale == 0 ? 1 / Math.sqrt(headDim) : scale;
    }

    /// Whether it reads the keys and values of an earlier layer.
    public boolean readsEarlierKeyValues() {
        return keyValues instanceof KeyValueSource.Earlier;
    }

    private AttentionSpec with(Consumer<Fields> change) {
        Fields fields = new Fields(this);
        change.accept(fields);
        return new AttentionSpec(heads, kvHeads, headDim, fields.valueDim, fields.inputWidth, fields.qkvBias,
                fields.outputBias, position, fields.window, fields.sinks, fields.scale, fields.softcap, fields.queryKeyNorm,
                fields.queryKeySpan, fields.keyScale, fields.outputGate, fields.outputProjection, fields.differential,
                fields.keyValues, fields.adapterRank, fields.convolution);
    }

    /// What the `with…` methods may change in a copy.
    private static final class Fields {
        int valueDim;
        int inputWidth;
        boolean qkvBias;
        boolean outputBias;
        int window;
        int sinks;
        double scale;
        double softcap;
        NormSpec queryKeyNorm;
        Span queryKeySpan;
        double keyScale;
        boolean outputGate;
        boolean outputProjection;
        Differential differential;
        KeyValueSource keyValues;
        int adapterRank;
        int convolution;

        Fields(AttentionSpec spec) {
            valueDim = spec.valueDim;
            inputWidth = spec.inputWidth;
            qkvBias = spec.qkvBias;
            outputBias = spec.outputBias;
            window = spec.window;
            sinks = spec.sinks;
            scale = spec.scale;
            softcap = spec.softcap;
            queryKeyNorm = spec.queryKeyNorm;
            queryKeySpan = spec.queryKeySpan;
            keyScale = spec.keyScale;
            outputGate = spec.outputGate;
            outputProjection = spec.outputProjection;
            differential = spec.differential;
            keyValues = spec.keyValues;
            adapterRank = spec.adapterRank;
            convolution = spec.convolution;
        }
    }
}
