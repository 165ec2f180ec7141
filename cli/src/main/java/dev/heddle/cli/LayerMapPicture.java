package dev.heddle.cli;

import dev.heddle.core.model.analysis.LayerMap;
import dev.heddle.core.model.analysis.MixerKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A model's layers as a weaver draws a pattern: one line for each kind of layer, one column for each block. A letter
/// stands for a shared block, the same letter for the same one.
final class LayerMapPicture {
    private static final String USED = "■";
    private static final String EMPTY = "·";

    private final LayerMap map;
    private final Screen screen;
    private final Map<String, LayerMap.Layer> lanes = new LinkedHashMap<>();
    private final Map<String, Character> shared = new LinkedHashMap<>();

    LayerMapPicture(LayerMap map, Screen screen) {
        this.map = map;
        this.screen = screen;
        map.layers().stream().filter(LayerMap.Layer::isMixer).forEach(layer -> lanes.putIfAbsent(layer.name(), layer));
        map.layers().stream().filter(layer -> !layer.isMixer()).forEach(layer -> lanes.putIfAbsent(layer.name(), layer));
        map.layers().forEach(layer -> layer.shared().ifPresent(name -> shared.computeIfAbsent(name, _ -> (char) ('A' + shared.size()))));
    }

    List<String> lines() {
        int label = lanes.keySet().stream().mapToInt(String::length).max().orElse(0) + 4;
        int room = screen.width() - label - 7;
        int blocks = map.blocks().size();
        int cell = blocks * 2 <= room ? 2 : 1;
        int perBand = blocks * cell <= room ? blocks : Math.max(10, room / cell / 10 * 10);
        List<String> lines = new ArrayList<>();
        for (int from = 0; from < blocks; from += perBand) {
            if (from > 0) {
                lines.add("");
            }
            int to = Math.min(blocks, from + perBand);
            lines.add(Ink.DIM.on(" ".repeat(label) + ruler(from, to, cell), screen.colour()));
            for (Map.Entry<String, LayerMap.Layer> lane : lanes.entrySet()) {
                lines.add(lane(lane.getKey(), lane.getValue(), label, from, to, cell));
            }
        }
        return lines;
    }

    private static String ruler(int from, int to, int cell) {
        StringBuilder ruler = new StringBuilder();
        for (int block = from; block < to; block += 10) {
            ruler.repeat(" ", (block - from) * cell - ruler.length()).append(block);
        }
        return ruler.toString();
    }

    private String lane(String name, LayerMap.Layer example, int label, int from, int to, int cell) {
        StringBuilder line = new StringBuilder("  ").append(name).repeat(" ", label - 2 - name.length());
        Ink ink = ink(example);
        for (int i = from; i < to; i++) {
            Optional<LayerMap.Layer> found = map.blocks().get(i).layers().stream().filter(layer -> layer.name().equals(name)).findFirst();
            String glyph = found.map(layer -> layer.shared().map(block -> shared.get(block).toString()).orElse(USED)).orElse(EMPTY);
            line.append((found.isPresent() ? ink : Ink.DIM).on(glyph, screen.colour())).repeat(" ", cell - 1);
        }
        long count = map.layers().stream().filter(layer -> layer.name().equals(name)).count();
        if (to == map.blocks().size()) {
            line.append(cell == 1 ? "  " : " ").append(Ink.DIM.on("× " + count, screen.colour()));
        }
        return line.toString();
    }

    static Ink ink(LayerMap.Layer layer) {
        if (layer.experts()) {
            return Ink.MAGENTA;
        }
        return layer.kind().map(LayerMapPicture::ink).orElse(Ink.BLUE);
    }

    private static Ink ink(MixerKind kind) {
        return switch (kind) {
            case ATTENTION -> Ink.BRIGHT_RED;
            case STATE_SPACE -> Ink.GREEN;
            case LINEAR_ATTENTION -> Ink.CYAN;
            case RECURRENT_UNIT -> Ink.YELLOW;
            case CONVOLUTION -> Ink.BRIGHT_GREEN;
            case MEMORY -> Ink.BRIGHT_BLUE;
        };
    }
}
