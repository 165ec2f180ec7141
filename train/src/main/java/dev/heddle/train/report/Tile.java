package dev.heddle.train.report;

import java.util.List;
import java.util.stream.Collectors;

/// A number that one looks for first.
///
/// @param label what it is
/// @param value the number
/// @param note  what else there is to say about it
record Tile(String label, String value, String note) {
    static String html(List<Tile> tiles) {
        return tiles.stream().map(tile -> "<div class=\"tile\"><dt>" + Html.text(tile.label) + "</dt><dd>" + Html.text(tile.value)
                + "</dd><p>" + Html.text(tile.note) + "</p></div>").collect(Collectors.joining("\n", "<dl class=\"tiles\">\n", "\n</dl>"));
    }
}
