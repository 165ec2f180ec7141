package dev.heddle.train.report;

import dev.heddle.core.model.analysis.LayerMap;
import dev.heddle.core.model.analysis.MixerKind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A model's layers as a weaver draws a pattern: a row for each kind of layer, a column for each block. A letter stands
/// for a shared block.
final class LayerMapDrawing {
    private static final int BAND = 40;

    private LayerMapDrawing() {
    }

    static String html(LayerMap map) {
        Map<String, LayerMap.Layer> lanes = new LinkedHashMap<>();
        map.layers().stream().filter(LayerMap.Layer::isMixer).forEach(layer -> lanes.putIfAbsent(layer.name(), layer));
        map.layers().forEach(layer -> lanes.putIfAbsent(layer.name(), layer));
        Map<String, Character> shared = new LinkedHashMap<>();
        map.layers().forEach(layer -> layer.shared().ifPresent(name -> shared.computeIfAbsent(name, _ -> (char) ('A' + shared.size()))));
        StringBuilder html = new StringBuilder();
        int blocks = map.blocks().size();
        for (int from = 0; from < blocks; from += BAND) {
            int to = Math.min(blocks, from + BAND);
            html.append("<table class=\"weave\"><tr><th></th>");
            for (int block = from; block < to; block++) {
                html.append("<td class=\"number\">").append(block % 4 == 0 || blocks <= 16 ? block : "").append("</td>");
            }
            html.append("<td></td></tr>\n");
            for (Map.Entry<String, LayerMap.Layer> lane : lanes.entrySet()) {
                lane(html, map.blocks().subList(from, to), lane, shared, to < blocks ? "" : "× " + map.counts().get(lane.getKey()));
            }
            html.append("</table>\n");
        }
        return html.toString();
    }

    private static void lane(StringBuilder html, List<LayerMap.Block> blocks, Map.Entry<String, LayerMap.Layer> lane,
            Map<String, Character> shared, String count) {
        String name = Html.text(lane.getKey());
        html.append("<tr><th scope=\"row\">").append(name).append("</th>");
        for (LayerMap.Block block : blocks) {
            Optional<LayerMap.Layer> found = block.layers().stream().filter(layer -> layer.name().equals(lane.getKey())).findFirst();
            html.append(found.map(layer -> "<td class=\"on c" + colour(lane.getValue()) + "\" title=\"block " + block.index() + ": "
                    + name + "\">" + layer.shared().map(use -> shared.get(use).toString()).orElse("") + "</td>")
                    .orElse("<td class=\"off\"></td>"));
        }
        html.append("<td class=\"count\">").append(count).append("</td></tr>\n");
    }

    /// The colour of a kind of layer, the same as that of its learning rate.
    static int colour(LayerMap.Layer layer) {
        return layer.experts() ? 4 : layer.kind().map(LayerMapDrawing::colour).orElse(8);
    }

    private static int colour(MixerKind kind) {
        return switch (kind) {
            case ATTENTION -> 3;
            case STATE_SPACE -> 2;
            case LINEAR_ATTENTION -> 5;
            case RECURRENT_UNIT -> 6;
            case CONVOLUTION -> 7;
            case MEMORY -> 0;
        };
    }
}
