package dev.heddle.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.checkpoint.template.ChatTemplate;
import dev.heddle.checkpoint.template.Message;
import dev.heddle.checkpoint.template.TemplateException;
import dev.heddle.checkpoint.tokenizer.TokenStream;
import dev.heddle.checkpoint.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Conversations through a model's chat template, with the assistant's turns marked.
///
/// The k-th answer is what the conversation up to it has beyond the text that would have asked for it, so its span begins
/// where generation begins and ends with the template's end-of-turn token; a line break after that is not part of it. A
/// template that rewrites earlier turns when later ones follow (dropping their reasoning, for example) gives one text for
/// each answer, every one as the model would have seen it.
///
/// A text is encoded whole, as it is for generation. A token belongs to an answer if any of its text does.
public final class ConversationEncoder {
    private final ChatTemplate template;
    private final Tokenizer tokenizer;

    public ConversationEncoder(ChatTemplate template, Tokenizer tokenizer) {
        this.template = template;
        this.tokenizer = tokenizer;
    }

    /// The messages in the form of the OpenAI API.
    ///
    /// @param field what the list is called
    /// @param place names it in errors
    /// @throws DataException if it is no list of messages
    static List<Message> messages(JsonNode list, String field, String place) {
        if (!list.isArray() || list.isEmpty()) {
            throw new DataException(place + ": has no list \"" + field + "\" of messages with role and content");
        }
        List<Message> messages = new ArrayList<>();
        for (JsonNode message : list) {
            messages.add(Message.parse(message, place + ", message " + (messages.size() + 1)));
        }
        return messages;
    }

    /// Characters of a text, `from` inclusive and `to` exclusive.
    private record Span(int from, int to) {
    }

    /// A text and the answers in it that are to be learnt.
    private record Marked(String text, List<Span> answers) {
    }

    /// @param origin names the conversation in errors
    /// @throws DataException if nobody answers in it, the template refuses it, or the tokenizer changes its text
    public List<Conversation> encode(List<Message> messages, String origin) {
        try {
            List<Conversation> encoded = new ArrayList<>();
            for (Marked text : texts(messages, origin)) {
                encoded.add(encode(text, origin));
            }
            return encoded;
        } catch (TemplateException e) {
            throw new DataException(origin + ": the chat template refuses the conversation (" + e.getMessage() + ")", e);
        }
    }

    private List<Marked> texts(List<Message> messages, String origin) {
        List<Marked> texts = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            if (!messages.get(i).role().equals("assistant")) {
                continue;
            }
            String asked = render(messages.subList(0, i), true);
            String answered = render(messages.subList(0, i + 1), false);
            Span span = new Span(common(asked, answered), end(answered, messages.get(i)));
            Marked last = texts.isEmpty() ? new Marked("", List.of()) : texts.getLast();
            List<Span> answers = new ArrayList<>(List.of(span));
            if (answered.startsWith(last.text()) && last.text().length() <= span.from()) {
                answers.addAll(0, last.answers());
                if (!texts.isEmpty()) {
                    texts.removeLast();
                }
            }
            texts.add(new Marked(answered, answers));
        }
        if (texts.isEmpty()) {
            throw new DataException(origin + ": no message has the role \"assistant\", so there is nothing to learn");
        }
        return texts;
    }

    private String render(List<Message> messages, boolean generationPrompt) {
        return template.render(messages, List.of(), generationPrompt, Map.of());
    }

    /// Where an answer at the end of `text` ends: after the mark that ends the turn, or with the text if there is none.
    private static int end(String text, Message answer) {
        String stripped = text.stripTrailing();
        boolean unmarked = answer.content() instanceof Message.Content.Text(String said) && stripped.endsWith(said.strip())
                && !said.isBlank();
        return unmarked ? text.length() : stripped.length();
    }

    private static int common(String a, String b) {
        int length = 0;
        while (length < Math.min(a.length(), b.length()) && a.charAt(length) == b.charAt(length)) {
            length++;
        }
        return length;
    }

    private Conversation encode(Marked marked, String origin) {
        int[] ids = tokenizer.encode(marked.text(), false);
        boolean[] answer = new boolean[ids.length];
        int[] ends = ends(ids, marked.text(), origin);
        for (Span span : marked.answers()) {
            for (int i = 0; i < ids.length; i++) {
                int from = i == 0 ? 0 : ends[i - 1];
                answer[i] |= from < span.to() && (ends[i] > span.from() || from == ends[i] && from == span.from());
            }
        }
        return new Conversation(ids, answer);
    }

    /// Where in `text` each token's text ends; several tokens of one character end together.
    private int[] ends(int[] ids, String text, String origin) {
        int[] ends = new int[ids.length];
        TokenStream stream = tokenizer.stream(new int[0], false);
        StringBuilder decoded = new StringBuilder();
        for (int i = 0; i < ids.length; i++) {
            decoded.append(stream.feed(ids[i]));
            ends[i] = decoded.length();
        }
        decoded.append(stream.finish());
        if (!decoded.toString().equals(text)) {
            int at = common(decoded.toString(), text);
            throw new DataException(origin + ": the tokenizer changes the conversation's text at character " + at + " (\""
                    + text.substring(at, Math.min(text.length(), at + 20)) + "\"), so its answers cannot be found among the tokens");
        }
        if (ids.length > 0) {
            ends[ids.length - 1] = decoded.length();
        }
        return ends;
    }
}
