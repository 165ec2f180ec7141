package dev.heddle.engine.cache;

import dev.heddle.core.state.SequenceState;
import dev.heddle.engine.LanguageModel;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.SplittableRandom;

/// What tells a model from others whose states must not be mixed with its own: a digest of what its sequences remember
/// and of the bits of its logits after some fixed tokens. Other weights, other types of weights, keys, values or states,
/// and kernels that add in another order all change it.
public final class ModelFingerprint {
    private static final int TOKENS = 48;

    private ModelFingerprint() {
    }

    /// 32 bytes.
    ///
    /// @param cuts where prompts are cut
    public static byte[] of(LanguageModel model, String cuts) {
        int[] ids = new SplittableRandom(0).ints(TOKENS, 0, model.spec().vocabulary()).toArray();
        float[] logits;
        try (SequenceState sequence = model.open()) {
            logits = model.allLogits(List.of(sequence), List.of(ids));
        }
        ByteBuffer bits = ByteBuffer.allocate(logits.length * Float.BYTES);
        bits.asFloatBuffer().put(logits);
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((cuts + "\n" + model.states().types() + "\n" + model.states().layout().recurrent() + "\n" + model.states().layout().keyValues())
                    .getBytes(StandardCharsets.UTF_8));
            digest.update(bits.array());
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
