package dev.heddle.train.report;

import com.fasterxml.jackson.databind.JsonNode;

/// Text made safe inside a page.
final class Html {
    private Html() {
    }

    /// `text` as content of an element or of an attribute in double quotes.
    static String text(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;").replace("'", "&#39;");
    }

    /// JSON inside a script element, where nothing may look like its end.
    static String json(JsonNode node) {
        return node.toString().replace("<", "\\u003c");
    }
}
