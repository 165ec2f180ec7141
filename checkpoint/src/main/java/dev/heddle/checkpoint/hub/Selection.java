package dev.heddle.checkpoint.hub;

import dev.heddle.checkpoint.weights.WeightFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Which files of a repository to download.
public enum Selection {
    /// Everything needed to run the model: what [#DESCRIPTION] has, and the weights in one format, safetensors
    /// rather than `.bin` rather than `.pth`. Copies for other frameworks are left out.
    MODEL,
    /// Configuration, tokenizer and chat templates, without weights.
    DESCRIPTION;

    private static final Set<String> FOLDERS = Set.of("additional_chat_templates");
    private static final Set<String> ENDINGS = Set.of(".json", ".jinja", ".txt", ".yaml", ".yml", ".tiktoken", ".vocab", ".spm");

    /// The files to download among `all` (paths in the repository), descriptions first.
    /// @throws dev.heddle.checkpoint.CheckpointException if weights are wanted and there are none, or too many to choose from
    List<RepositoryFile> choose(String where, List<RepositoryFile> all) {
        List<RepositoryFile> chosen = new ArrayList<>(all.stream().filter(file -> describes(file.path())).toList());
        if (this == MODEL) {
            WeightFiles weights = WeightFiles.choose(where,
                    all.stream().map(RepositoryFile::path).filter(path -> path.indexOf('/') < 0).toList());
            List<String> names = new ArrayList<>(weights.files());
            weights.index().ifPresent(names::addFirst);
            names.forEach(name -> chosen.addAll(all.stream().filter(file -> file.path().equals(name)).toList()));
        }
        return chosen;
    }

    private static boolean describes(String path) {
        int slash = path.indexOf('/');
        String name = path.substring(slash + 1);
        if (slash >= 0 && (name.indexOf('/') >= 0 || !FOLDERS.contains(path.substring(0, slash)))) {
            return false;
        }
        return !name.startsWith(".") && !name.endsWith(".index.json")
                && (name.startsWith("tokenizer.model") || ENDINGS.stream().anyMatch(name::endsWith));
    }
}
