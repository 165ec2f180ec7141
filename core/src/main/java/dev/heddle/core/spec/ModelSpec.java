package dev.heddle.core.spec;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Collections;

/// A language model as data: everything needed to build it, count it and train it.
///
/// The blocks are an explicit list; patterns such as `MMMA*4` become that list when they are parsed.
///
/// @param name       what people call it
/// @param family     the checkpoint family it is read from and written as
/// @param vocabulary rows of the embedding
/// @param width      D, width of the residual stream
/// @param context    positions the model was made for; 0 if unlimited
/// @param embedding  how ids become rows
/// @param blocks     the layers in order
/// @param shared     blocks used at several depths, by name
/// @param finalNorm  norm before the head
/// @param head       how rows become logits
public record ModelSpec(
        String name,
        @Default("heddle") String family,
        int vocabulary,
        int width,
        @Default("0") int context,
        @Default("plain") EmbeddingSpec embedding,
        List<LayerSpec> blocks,
        @Default("{}") Map<String, LayerSpec> shared,
        NormSpec finalNorm,
        HeadSpec head) implements ArchitectureSpec {
    /// @param scale      factor on the embedded rows; 1 for none
    /// @param norm       norm of the embedded rows (RWKV's ln0); [NormSpec#NONE] for none
    /// @param metaTokens learned rows before the tokens of every sequence (Hymba); 0 for none
    public record EmbeddingSpec(
            @Default("1") double scale,
            @Default("none") NormSpec norm,
            @Default("0") int metaTokens) {
        public static final EmbeddingSpec PLAIN = new EmbeddingSpec(1, NormSpec.NONE);

        public EmbeddingSpec {
            Check.finite("embedding.scale", scale);
            Check.present("embedding.norm", norm);
            Check.notNegative("embedding.metaTokens", metaTokens);
        }

        public EmbeddingSpec(double scale, NormSpec norm) {
            this(scale, norm, 0);
        }
    }

    /// @param tied    whether the head is the embedding itself
    /// @param bias    whether logits have a bias
    /// @param scale   factor on the logits; 1 for none
    /// @param softcap c in c·tanh(logit/c); 0 for none
    public record HeadSpec(
            boolean tied,
            @Default("false") boolean bias,
            @Default("1") double scale,
            @Default("0") double softcap) {
        public HeadSpec {
            Check.finite("head.scale", scale);
            Check.notNegative("head.softcap", softcap);
        }

        public static HeadSpec of(boolean tied) {
            return new HeadSpec(tied, false, 1, 0);
        }
    }

    public ModelSpec {
        Check.present("name", name);
        Check.present("family", family);
        Check.positive("vocabulary", vocabulary);
        Check.positive("width", width);
        Check.notNegative("context", context);
        Check.present("embedding", embedding);
        blocks = Check.list("blocks", blocks);
        Check.present("shared", shared);
        shared = Collections.unmodifiableMap(new LinkedHashMap<>(shared));
        Check.present("finalNorm", finalNorm);
        Check.present("head", head);
    }
}
