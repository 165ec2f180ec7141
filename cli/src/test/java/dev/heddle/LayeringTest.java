package dev.heddle;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The layers of the house: modules and the packages of the core import only what lies below them, and no packages
/// import each other, directly or in a circle.
class LayeringTest {
    /// Modules, lowest first. Those on one line do not know each other.
    private static final List<List<String>> MODULES = List.of(List.of("core"), List.of("checkpoint"), List.of("engine"),
            List.of("train", "cuda"), List.of("lab"), List.of("server", "langchain4j", "spark"), List.of("cli"), List.of("bench"));

    /// Packages of the core, lowest first; a sub-package stands where its parent does.
    private static final List<List<String>> CORE = List.of(List.of("tensor", "parallel", "spec"), List.of("machine"), List.of("kernel"),
            List.of("backend"), List.of("state"), List.of("autograd"), List.of("pass"), List.of("op"), List.of("layer"), List.of("model"));

    private static final String ROOT = "dev.heddle.";

    private static Map<String, String> moduleOfClass;
    private static JavaClasses classes;

    @BeforeAll
    static void readClasses() throws IOException {
        moduleOfClass = modulesOfClasses(Path.of(System.getProperty("heddle.repository")));
        classes = new ClassFileImporter().importPackages("dev.heddle").that(DescribedPredicate.describe("the program's own, no tests",
                type -> moduleOfClass.containsKey(topLevel(type))));
        assertTrue(classes.size() > 300, "classes found: " + classes.size());
    }

    /// Which module the source of each class lies in.
    private static Map<String, String> modulesOfClasses(Path repository) throws IOException {
        Map<String, String> modules = new HashMap<>();
        for (String module : MODULES.stream().flatMap(List::stream).toList()) {
            Path sources = repository.resolve(module).resolve("src/main/java");
            if (Files.isDirectory(sources)) {
                try (Stream<Path> files = Files.walk(sources)) {
                    files.filter(file -> file.toString().endsWith(".java")).forEach(file -> modules.put(sources.relativize(file)
                            .toString().replace(".java", "").replace('/', '.').replace('\\', '.'), module));
                }
            }
        }
        return modules;
    }

    private static String topLevel(JavaClass type) {
        JavaClass base = type.isArray() ? type.getBaseComponentType() : type;
        String name = base.getName();
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
    }

    private static int level(List<List<String>> order, String name, String what) {
        for (int i = 0; i < order.size(); i++) {
            if (order.get(i).contains(name)) {
                return i;
            }
        }
        throw new AssertionError(what + " " + name + " has no place in the order of the layers, see " + LayeringTest.class.getName());
    }

    private record Place(String module, String name, int level) {
        boolean mayImport(Place other) {
            return other.level < level || other.name.equals(name);
        }
    }

    /// Where a class of the program stands among the modules, or within the core among its packages.
    private static Place place(JavaClass type, boolean core) {
        String module = moduleOfClass.get(topLevel(type));
        if (!core) {
            return new Place(module, module, level(MODULES, module, "module"));
        }
        String name = topLevel(type).substring((ROOT + "core.").length()).split("\\.")[0];
        return new Place(module, name, level(CORE, name, "package core."));
    }

    private static List<String> upward(boolean core) {
        TreeSet<String> found = new TreeSet<>();
        for (JavaClass type : classes) {
            if (core && !moduleOfClass.get(topLevel(type)).equals("core")) {
                continue;
            }
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass();
                String targetModule = moduleOfClass.get(topLevel(target));
                if (targetModule == null || core && !targetModule.equals("core")) {
                    continue;
                }
                if (!place(type, core).mayImport(place(target, core))) {
                    found.add(topLevel(type) + " imports " + topLevel(target));
                }
            }
        }
        return List.copyOf(found);
    }

    @Test
    void modulesImportOnlyDownward() {
        assertEquals(List.of(), upward(false));
    }

    @Test
    void packagesOfTheCoreImportOnlyDownward() {
        assertEquals(List.of(), upward(true));
    }

    @Test
    void theCoreNeedsTheJdkAlone() {
        TreeSet<String> found = new TreeSet<>();
        for (JavaClass type : classes) {
            if (moduleOfClass.get(topLevel(type)).equals("core")) {
                type.getDirectDependenciesFromSelf().stream().map(Dependency::getTargetClass).map(LayeringTest::topLevel)
                        .filter(name -> name.contains(".") && !name.startsWith("java.") && !name.startsWith("jdk.")
                                && !name.startsWith(ROOT))
                        .forEach(name -> found.add(topLevel(type) + " imports " + name));
            }
        }
        assertEquals(List.of(), List.copyOf(found));
    }

    @Test
    void packagesImportEachOtherInNoCircle() {
        slices().matching("dev.heddle.(**)").should().beFreeOfCycles().check(classes);
    }
}
