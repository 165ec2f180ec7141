package dev.heddle.core.spec;

import java.util.List;

/// An image as a sequence of patches at one resolution (Dosovitskiy et al. 2021; Zhu et al. 2024, Vision Mamba).
///
/// @param patch      height and width of a patch
/// @param stride     pixels from one patch to the next; less than `patch` if they overlap
/// @param width      D, width of the rows
/// @param classToken where the row that gathers the class stands
/// @param positions  whether a learned position is added to every row
/// @param blocks     the layers in order
/// @param finalNorm  norm before the head
public record PatchBackboneSpec(int patch, int stride, int width, ClassToken classToken, boolean positions,
        List<LayerSpec> blocks, NormSpec finalNorm) implements ImageBackboneSpec {
    /// Where a learned row is put among the patches; the head reads its output, or without one the mean of all rows.
    public enum ClassToken { NONE, FIRST, MIDDLE }

    public PatchBackboneSpec {
        Check.positive("patches.patch", patch);
        Check.positive("patches.stride", stride);
        Check.positive("patches.width", width);
        Check.present("patches.classToken", classToken);
        blocks = Check.list("patches.blocks", blocks);
        Check.present("patches.finalNorm", finalNorm);
    }

    @Override
    public int features() {
        return width;
    }

    /// Patches along one side of an image of `size` pixels.
    public int grid(int size) {
        return (size - patch) / stride + 1;
    }

    /// Rows of an image of `size` pixels: its patches and the class token.
    public int rows(int size) {
        return grid(size) * grid(size) + (classToken == ClassToken.NONE ? 0 : 1);
    }

    /// The class token's row, if there is one.
    public int classRow(int size) {
        return switch (classToken) {
            case MIDDLE -> grid(size) * grid(size) / 2;
            case FIRST, NONE -> 0;
        };
    }
}
