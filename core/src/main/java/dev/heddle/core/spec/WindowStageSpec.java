package dev.heddle.core.spec;

import java.util.List;

/// Blocks that see a feature map as sequences, one for each square window (Liu et al. 2021, Swin). A map whose sides are no
/// multiples of the window is padded with zeros right and below.
///
/// @param window height and width of a window
/// @param blocks layers over the rows of a window
public record WindowStageSpec(int window, List<LayerSpec> blocks) implements ImageStageSpec {
    public WindowStageSpec {
        Check.positive("windowStage.window", window);
        blocks = Check.list("windowStage.blocks", blocks);
    }

    @Override
    public int depth() {
        return blocks.size();
    }
}
