package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// What the README says of files and commands is so.
class ReadmeTest {
    private static final Path REPOSITORY = Path.of(System.getProperty("heddle.repository"));

    private static String readme() throws IOException {
        return Files.readString(REPOSITORY.resolve("README.md"));
    }

    private static Set<String> found(String text, String pattern) {
        return Pattern.compile(pattern).matcher(text).results().map(MatchResult::group).map(String::strip)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void theTreeOfFilesNamesEveryFolder() throws Exception {
        String tree = readme().substring(readme().indexOf("## Files"));
        Set<String> named = found(tree, "(?m)^[.\\w-]+/(?= )");
        assertEquals(folders(), named);
    }

    /// Top-level folders under version control; those a user made for runs and downloads are none of the README's.
    private static Set<String> folders() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.exists(REPOSITORY.resolve(".git")), "not a git checkout");
        Process git = new ProcessBuilder("git", "ls-files").directory(REPOSITORY.toFile()).start();
        String files = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, git.waitFor(), "git ls-files");
        return files.lines().filter(file -> file.contains("/")).map(file -> file.substring(0, file.indexOf('/') + 1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void linksLeadSomewhere() throws IOException {
        for (String link : found(readme(), "(?<=\\]\\()[^)#:]+(?=\\))")) {
            assertTrue(Files.exists(REPOSITORY.resolve(link)), link);
        }
    }

    @Test
    void commandsExist() throws IOException {
        Set<String> commands = found(readme(), "(?<=\\./heddle )[a-z]+");
        commands.removeAll(Set.of("test"));
        assertTrue(commands.size() > 4, commands.toString());
        for (String command : commands) {
            assertEquals(0, CommandLineRun.of(command, "--help").code(), command);
        }
    }
}
