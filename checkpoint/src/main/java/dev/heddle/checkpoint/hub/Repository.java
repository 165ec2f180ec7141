package dev.heddle.checkpoint.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.CheckpointException;
import dev.heddle.checkpoint.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// What a repository holds at one commit.
record Repository(String id, String commit, List<RepositoryFile> files) {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,95})?");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._+-]*(/[A-Za-z0-9_][A-Za-z0-9._+-]*)*");

    /// @throws CheckpointException if `id` cannot name a repository
    static String checkId(String id) {
        if (!ID.matcher(id).matches() || id.contains("--") || id.contains("..")) {
            throw new CheckpointException("\"" + id + "\" is no name on the hub, expected owner/name");
        }
        return id;
    }

    /// @throws CheckpointException if `revision` cannot name a branch, tag or commit
    static String checkRevision(String revision) {
        if (!REVISION.matcher(revision).matches() || revision.contains("..") || revision.length() > 200) {
            throw new CheckpointException("\"" + revision + "\" is no revision, expected a branch, tag or commit");
        }
        return revision;
    }

    static boolean isCommit(String revision) {
        return COMMIT.matcher(revision).matches();
    }

    /// Reads the answer to `/api/models/{id}/revision/{revision}?blobs=true`.
    static Repository parse(String id, byte[] json) {
        ObjectNode answer = Json.asObject(Json.parse(json, id + ": the hub's answer"), id + ": the hub's answer");
        String commit = answer.path("sha").asText();
        if (!isCommit(commit)) {
            throw new CheckpointException(id + ": the hub's answer has " + Json.kind(answer.path("sha"))
                    + " as sha, expected a commit of 40 hexadecimal digits");
        }
        List<RepositoryFile> files = new ArrayList<>();
        for (JsonNode sibling : answer.path("siblings")) {
            JsonNode large = sibling.path("lfs");
            JsonNode size = large.has("size") ? large.path("size") : sibling.path("size");
            JsonNode tag = large.has("sha256") ? large.path("sha256") : sibling.path("blobId");
            files.add(new RepositoryFile(sibling.path("rfilename").asText(),
                    size.isIntegralNumber() ? OptionalLong.of(size.longValue()) : OptionalLong.empty(),
                    tag.isTextual() ? Optional.of(tag.textValue()) : Optional.empty()));
        }
        return new Repository(id, commit, List.copyOf(files));
    }
}
