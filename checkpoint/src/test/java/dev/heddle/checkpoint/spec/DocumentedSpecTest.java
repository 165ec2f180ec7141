package dev.heddle.checkpoint.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.checkpoint.Repository;
import dev.heddle.core.model.analysis.Architecture;
import dev.heddle.core.model.analysis.ArchitectureClass;
import dev.heddle.core.spec.ModelSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The example in `docs/architectures.md` is what the text around it says.
class DocumentedSpecTest {
    @Test
    void theExampleDescribesAHybrid() throws IOException {
        Matcher yaml = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Repository.path("docs/architectures.md")));
        assertTrue(yaml.find());
        ModelSpec spec = SpecFile.parse(yaml.group(1), "docs/architectures.md", "example");
        Architecture architecture = Architecture.of(spec);
        assertEquals("little-hybrid", spec.name());
        assertEquals(16, spec.blocks().size());
        assertEquals(ArchitectureClass.SSM_ATTENTION_HYBRID, architecture.type());
        assertEquals("1:3", architecture.ratio().orElseThrow());
        assertEquals(spec, SpecFile.parse(SpecFile.yaml(spec), "written", "other"));
    }
}
