package dev.heddle.train.data;

/// Consecutive tokens of a document: `targets[i]` is what should follow `inputs[i]`.
///
/// @param lane      the lane it belongs to
/// @param inputs    what the model reads
/// @param targets   what it should predict; [#NONE] where nothing is asked of it
/// @param continues whether it goes on where the lane's last stretch of the step before ended
public record Stretch(int lane, int[] inputs, int[] targets, boolean continues) {
    /// A target that is no token: the loss leaves this place out.
    public static final int NONE = -1;

    public Stretch {
        if (inputs.length != targets.length) {
            throw new IllegalArgumentException(inputs.length + " inputs, but " + targets.length + " targets");
        }
    }

    /// Places where something is predicted.
    public int predictions() {
        int count = 0;
        for (int target : targets) {
            count += target == NONE ? 0 : 1;
        }
        return count;
    }
}
