package dev.heddle.checkpoint.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubSettingsTest {
    @TempDir
    Path home;

    @Test
    void followsThePythonLibrariesDefaults() {
        HubSettings settings = from(Map.of());
        assertEquals("https://huggingface.co", settings.endpoint().toString());
        assertEquals(home.resolve(".cache/huggingface/hub"), settings.cache());
        assertEquals(Optional.empty(), settings.token());
        assertFalse(settings.offline());
    }

    @Test
    void readsEachVariable() throws IOException {
        assertEquals(Path.of("/xdg/huggingface/hub"), from(Map.of("XDG_CACHE_HOME", "/xdg")).cache());
        assertEquals(Path.of("/hf/hub"), from(Map.of("HF_HOME", "/hf", "XDG_CACHE_HOME", "/xdg")).cache());
        assertEquals(Path.of("/cache"), from(Map.of("HF_HUB_CACHE", "/cache", "HF_HOME", "/hf")).cache());
        assertEquals(home.resolve("x/hub"), from(Map.of("HF_HOME", "~/x")).cache());
        assertEquals("http://mirror:8080/hf", from(Map.of("HF_ENDPOINT", "http://mirror:8080/hf/")).endpoint().toString());
        assertEquals(Optional.of("hf_a"), from(Map.of("HF_TOKEN", " hf_a\n")).token());
        assertTrue(from(Map.of("HF_HUB_OFFLINE", "1")).offline());
        assertTrue(from(Map.of("HF_HUB_OFFLINE", "True")).offline());
        assertFalse(from(Map.of("HF_HUB_OFFLINE", "0")).offline());
        Files.createDirectories(home.resolve(".cache/huggingface"));
        Files.writeString(home.resolve(".cache/huggingface/token"), "hf_file\n");
        assertEquals(Optional.of("hf_file"), from(Map.of()).token());
        assertEquals(Optional.of("hf_a"), from(Map.of("HF_TOKEN", "hf_a")).token());
        assertEquals(Optional.empty(), from(Map.of("HF_TOKEN_PATH", home.resolve("none").toString())).token());
    }

    @Test
    void refusesWhatIsNoAddressOrToken() {
        assertThrows(CheckpointException.class, () -> from(Map.of("HF_ENDPOINT", "huggingface.co")));
        assertThrows(CheckpointException.class, () -> from(Map.of("HF_ENDPOINT", "ftp://x")));
        assertThrows(CheckpointException.class, () -> from(Map.of("HF_ENDPOINT", "http://a b")));
        CheckpointException e = assertThrows(CheckpointException.class, () -> from(Map.of("HF_TOKEN", "hf_a\nX: y")));
        assertFalse(e.getMessage().contains("hf_a"));
    }

    private HubSettings from(Map<String, String> environment) {
        return HubSettings.fromEnvironment(environment, home);
    }
}
