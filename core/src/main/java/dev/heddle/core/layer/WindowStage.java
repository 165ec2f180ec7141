package dev.heddle.core.layer;

import dev.heddle.core.op.ArrangeRows;
import dev.heddle.core.pass.Pass;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.WindowStageSpec;
import dev.heddle.core.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Blocks over the windows of a feature map, each window a sequence of its own, row by row from its top left.
///
/// Parameters: `j…` for block j.
final class WindowStage implements ImageStage {
    private final int window;
    private final List<Layer> blocks = new ArrayList<>();

    WindowStage(WindowStageSpec spec, Scope scope) {
        window = spec.window();
        for (LayerSpec block : spec.blocks()) {
            blocks.add(Layers.build(block, scope.child(Integer.toString(blocks.size()))));
        }
    }

    @Override
    public FeatureMap forward(Pass pass, FeatureMap map) {
        int across = Math.ceilDiv(map.width(), window);
        int windows = map.images() * Math.ceilDiv(map.height(), window) * across;
        int[] toWindows = new int[windows * window * window];
        Arrays.fill(toWindows, -1);
        int[] toMap = new int[map.x().rows()];
        for (int t = 0; t < toMap.length; t++) {
            int b = t / (map.height() * map.width());
            int i = t / map.width() % map.height();
            int j = t % map.width();
            int cut = (b * (windows / map.images()) + i / window * across + j / window);
            toMap[t] = (cut * window + i % window) * window + j % window;
            toWindows[toMap[t]] = t;
        }
        Pass within = pass.within(FeatureMap.segments(windows, window * window));
        Tensor x = ArrangeRows.apply(pass, map.x(), toWindows);
        for (Layer block : blocks) {
            x = block.forward(within, x);
        }
        return map.with(ArrangeRows.apply(pass, x, toMap));
    }
}
