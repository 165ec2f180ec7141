package dev.heddle.core.layer;

import dev.heddle.core.op.Add;
import dev.heddle.core.op.ArrangeRows;
import dev.heddle.core.op.MeanRows;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.PatchBackboneSpec;
import dev.heddle.core.spec.PatchBackboneSpec.ClassToken;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Patches become rows, the class token joins them, positions are added, the blocks run over each image as a sequence;
/// the class token's row, or the mean of all, leaves through the final norm.
///
/// Parameters: `patch.weight` [D, C, P, P], `patch.bias` [D], `class_token` [1, D], `positions` [rows, D], `blocks.i…`,
/// `norm`.
final class PatchBackbone implements Backbone {
    private final int size;
    private final PatchBackboneSpec spec;
    private final Convolution patch;
    private final Optional<Tensor> classToken;
    private final Optional<Tensor> positions;
    private final List<Layer> blocks = new ArrayList<>();
    private final Norm norm;

    PatchBackbone(ImageModelSpec model, PatchBackboneSpec spec, Scope scope) {
        this.spec = spec;
        size = model.size();
        patch = new Convolution(scope.child("patch"), model.channels(), spec.width(), spec.patch(), spec.stride(), 0, true);
        classToken = scope.small(spec.classToken() != ClassToken.NONE, "class_token", 1, spec.width());
        positions = scope.small(spec.positions(), "positions", spec.rows(size), spec.width());
        for (LayerSpec block : spec.blocks()) {
            blocks.add(Layers.build(block, scope.child("blocks." + blocks.size())));
        }
        norm = scope.norm("norm", spec.finalNorm(), spec.width());
    }

    @Override
    public Tensor features(Pass pass, FeatureMap pixels) {
        if (pixels.height() != size || pixels.width() != size) {
            throw new IllegalArgumentException("images are " + pixels.height() + " × " + pixels.width() + ", this model takes "
                    + size + " × " + size);
        }
        int images = pixels.images();
        int rows = spec.rows(size);
        Tensor x = embed(pass, patch.forward(pass, pixels).x(), images);
        Pass within = pass.within(FeatureMap.segments(images, rows));
        for (Layer block : blocks) {
            x = block.forward(within, x);
        }
        if (classToken.isEmpty()) {
            return MeanRows.apply(pass, norm.forward(pass, x), rows);
        }
        int[] classRows = new int[images];
        Arrays.setAll(classRows, b -> b * rows + spec.classRow(size));
        return norm.forward(pass, ArrangeRows.apply(pass, x, classRows));
    }

    /// Rows of patches, class token and positions.
    private Tensor embed(Pass pass, Tensor patches, int images) {
        int rows = spec.rows(size);
        Tensor x = patches;
        Optional<Tensor> table = positions;
        if (classToken.isPresent()) {
            int classRow = spec.classRow(size);
            int[] order = new int[images * rows];
            Arrays.setAll(order, t -> t % rows == classRow ? -1 : t / rows * (rows - 1) + t % rows - (t % rows > classRow ? 1 : 0));
            x = ArrangeRows.apply(pass, patches, order);
            int[] only = new int[rows];
            Arrays.setAll(only, t -> t == classRow ? 0 : -1);
            Tensor token = ArrangeRows.apply(pass, classToken.get(), only);
            table = Optional.of(positions.isEmpty() ? token : Add.apply(pass, token, positions.get(), 1));
        }
        if (table.isEmpty()) {
            return x;
        }
        int[] each = new int[images * rows];
        Arrays.setAll(each, t -> t % rows);
        return Add.apply(pass, x, ArrangeRows.apply(pass, table.get(), each), 1);
    }
}
