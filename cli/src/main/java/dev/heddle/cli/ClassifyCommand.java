package dev.heddle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.family.ImageCheckpoint;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.core.backend.Backend;
import dev.heddle.engine.image.ImageClassifier;
import dev.heddle.engine.image.ImageClassifier.Prediction;
import dev.heddle.engine.image.PictureFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle classify`: what pictures show.
@Command(name = "classify", mixinStandardHelpOptions = true,
        description = "Classify pictures with an image model (Vision Mamba, MambaVision).",
        footer = {"", "Example: heddle classify nvidia/MambaVision-T-1K cat.jpg dog.png"})
final class ClassifyCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(index = "0", paramLabel = "MODEL", description = "folder, weight file or hub id of an image classifier")
    String model;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "IMAGE", description = "PNG, JPEG, GIF or BMP files")
    List<Path> images;

    @Option(names = "--top", paramLabel = "N", defaultValue = "5", description = "classes to list; default ${DEFAULT-VALUE}")
    int top;

    @Option(names = "--json", description = "print one JSON list")
    boolean json;

    @Mixin
    BackendOptions backendOptions;

    @Override
    public Integer call() {
        if (top < 1) {
            throw new UsageException("--top must be at least 1, not " + top);
        }
        PrintWriter out = spec.commandLine().getOut();
        ArrayNode list = Json.mapper().createArrayNode();
        try (ImageCheckpoint checkpoint = ImageCheckpoint.open(ModelArgument.folder(model));
                Backend backend = backendOptions.open(spec.commandLine().getErr());
                ImageClassifier classifier = ImageClassifier.load(checkpoint, backend)) {
            for (Path image : images) {
                List<Prediction> predictions = classifier.classify(PictureFile.read(image), top);
                if (json) {
                    list.add(json(image, predictions));
                } else {
                    print(out, image, predictions);
                }
            }
        }
        if (json) {
            out.println(Json.pretty(list));
        }
        return 0;
    }

    private static void print(PrintWriter out, Path image, List<Prediction> predictions) {
        out.println(image);
        for (Prediction one : predictions) {
            out.printf(Locale.ROOT, "%8.2f %%  %s%n", 100 * one.probability(), one.label().orElse("class " + one.index()));
        }
        out.flush();
    }

    private static ObjectNode json(Path image, List<Prediction> predictions) {
        ObjectNode entry = Json.object();
        entry.put("image", image.toString());
        ArrayNode classes = entry.putArray("predictions");
        for (Prediction one : predictions) {
            ObjectNode prediction = classes.addObject();
            prediction.put("class", one.index());
            one.label().ifPresent(label -> prediction.put("label", label));
            prediction.put("probability", one.probability());
        }
        return entry;
    }
}
