package dev.heddle.train.tokenizer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.train.TrainingException;
import dev.heddle.train.tokenizer.BytePairMerges.Merge;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/// A vocabulary and its merges, written as Hugging Face's `tokenizer.json` with `tokenizer_config.json` beside it.
public final class TrainedTokenizer {
    private final SpecialNames special;
    private final List<String> tokens;
    private final List<Merge> merges;

    TrainedTokenizer(SpecialNames special, List<String> tokens, List<Merge> merges) {
        this.special = special;
        this.tokens = tokens;
        this.merges = merges;
    }

    /// Tokens of the vocabulary.
    public int size() {
        return tokens.size();
    }

    /// Pairs that become one token, in the order in which they are merged, as `left right` in the byte alphabet.
    public List<String> merges() {
        return merges.stream().map(merge -> merge.left() + " " + merge.right()).toList();
    }

    /// Writes both files into `folder`, which is made if it is missing. Each is whole or absent.
    public void write(Path folder) {
        try {
            Files.createDirectories(folder);
            write(folder.resolve("tokenizer_config.json"), settings());
            write(folder.resolve("tokenizer.json"), tokenizer());
        } catch (IOException e) {
            throw new TrainingException(folder + ": the tokenizer cannot be written (" + e.getMessage() + ")", e);
        }
    }

    private static void write(Path file, ObjectNode json) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(part, Json.pretty(json));
        Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private ObjectNode tokenizer() {
        ObjectNode json = Json.object();
        json.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode added = json.putArray("added_tokens");
        for (int id = 0; id < special.all().size(); id++) {
            added.addObject().put("id", id).put("content", special.all().get(id)).put("single_word", false).put("lstrip", false)
                    .put("rstrip", false).put("normalized", false).put("special", true);
        }
        json.putNull("normalizer");
        json.set("pre_tokenizer", byteLevel(false));
        json.set("post_processor", template());
        json.set("decoder", byteLevel(true));
        ObjectNode model = json.putObject("model");
        model.put("type", "BPE").putNull("dropout").putNull("unk_token").putNull("continuing_subword_prefix")
                .putNull("end_of_word_suffix").put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        ArrayNode list = model.putArray("merges");
        merges.forEach(merge -> list.addArray().add(merge.left()).add(merge.right()));
        return json;
    }

    private static ObjectNode byteLevel(boolean prefixSpace) {
        return Json.object().put("type", "ByteLevel").put("add_prefix_space", prefixSpace).put("trim_offsets", true)
                .put("use_regex", true);
    }

    /// The begin token, then the text.
    private ObjectNode template() {
        ObjectNode template = Json.object().put("type", "TemplateProcessing");
        ArrayNode single = template.putArray("single");
        ArrayNode pair = template.putArray("pair");
        ObjectNode ids = template.putObject("special_tokens");
        special.begin().ifPresent(begin -> {
            int id = special.all().indexOf(begin);
            List.of(single, pair).forEach(list -> list.addObject().putObject("SpecialToken").put("id", begin).put("type_id", 0));
            ObjectNode described = ids.putObject(begin).put("id", begin);
            described.putArray("ids").add(id);
            described.putArray("tokens").add(begin);
        });
        List.of(single, pair).forEach(list -> list.addObject().putObject("Sequence").put("id", "A").put("type_id", 0));
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
        return template;
    }

    private ObjectNode settings() {
        ObjectNode json = Json.object().put("tokenizer_class", "PreTrainedTokenizerFast");
        special.begin().ifPresent(token -> json.put("bos_token", token));
        special.end().ifPresent(token -> json.put("eos_token", token));
        special.pad().ifPresent(token -> json.put("pad_token", token));
        if (!special.others().isEmpty()) {
            ArrayNode more = json.putArray("additional_special_tokens");
            special.others().forEach(more::add);
        }
        return json.put("add_bos_token", special.begin().isPresent()).put("add_eos_token", false)
                .put("clean_up_tokenization_spaces", false);
    }
}
