package dev.heddle.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.checkpoint.json.Json;
import dev.heddle.checkpoint.weights.Safetensors;
import dev.heddle.checkpoint.weights.SafetensorsWriter;
import dev.heddle.checkpoint.weights.WeightSource;
import dev.heddle.core.backend.Backend;
import dev.heddle.core.state.Snapshot;
import dev.heddle.core.state.StateTypes;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.data.BatchSource;
import dev.heddle.train.optimize.Optimizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a training needs beside its model to go on as if it had never stopped: the parameters in f32, the optimizer's
/// moments, the place in the data, and the states its lanes carry. `training.safetensors` holds the tensors,
/// `training.json` the rest.
public final class TrainingState {
    private static final String TENSORS = "training.safetensors";
    private static final String ABOUT = "training.json";

    private TrainingState() {
    }

    /// Writes both files into `folder`.
    public static void save(Path folder, Backend backend, Map<String, Tensor> parameters, Optimizer optimizer, BatchSource source,
            TrainingPass pass, String fingerprint) {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            parameters.forEach((name, tensor) -> tensors.put("parameter." + name, onHost(arena, backend, tensor)));
            optimizer.state().forEach((name, tensor) -> tensors.put(name, onHost(arena, backend, tensor)));
            ObjectNode about = Json.object();
            about.put("step", optimizer.step()).put("fingerprint", fingerprint);
            about.set("data", source.state());
            ArrayNode lanes = about.putArray("lanes");
            for (Optional<Snapshot> lane : pass.lanes()) {
                if (lane.isEmpty()) {
                    lanes.addNull();
                } else {
                    lanes.add(lane(arena, lanes.size(), lane.get(), tensors));
                }
            }
            SafetensorsWriter.write(folder.resolve(TENSORS), tensors, Map.of());
            Files.writeString(folder.resolve(ABOUT), Json.pretty(about));
        } catch (IOException e) {
            throw new TrainingException(folder + ": the training state cannot be written (" + e.getMessage() + ")", e);
        }
    }

    private static Tensor onHost(Arena arena, Backend backend, Tensor tensor) {
        return Tensor.of(arena, backend.read(tensor), tensor.shape());
    }

    private static ObjectNode lane(Arena arena, int lane, Snapshot snapshot, Map<String, Tensor> tensors) {
        ObjectNode about = Json.object();
        about.put("position", snapshot.position()).put("recurrent", snapshot.recurrent().size());
        for (int i = 0; i < snapshot.recurrent().size(); i++) {
            tensors.put("lane." + lane + ".recurrent." + i, numbers(arena, snapshot.recurrent().get(i)));
        }
        ArrayNode pages = about.putArray("pages");
        for (int i = 0; i < snapshot.keyValues().size(); i++) {
            Snapshot.Pages held = snapshot.keyValues().get(i);
            pages.add(Json.mapper().valueToTree(held.held()));
            tensors.put("lane." + lane + ".keys." + i, numbers(arena, held.keys()));
            tensors.put("lane." + lane + ".values." + i, numbers(arena, held.values()));
        }
        return about;
    }

    /// What training keeps is f32.
    private static Tensor numbers(Arena arena, byte[] stored) {
        return Tensor.ofBytes(arena, DType.F32, stored, stored.length / Float.BYTES);
    }

    /// Whether `folder` holds a state.
    public static boolean isIn(Path folder) {
        return Files.isRegularFile(folder.resolve(ABOUT)) && Files.isRegularFile(folder.resolve(TENSORS));
    }

    /// Puts everything back.
    /// @throws TrainingException if the state is damaged or belongs to another training
    public static void restore(Path folder, Backend backend, Map<String, Tensor> parameters, Optimizer optimizer,
            BatchSource source, TrainingPass pass, String fingerprint) {
        ObjectNode about = Json.readObject(folder.resolve(ABOUT));
        if (!about.path("fingerprint").asText().equals(fingerprint)) {
            throw new TrainingException(folder + ": was saved by a training with another model, data or settings, so it cannot be "
                    + "resumed; start anew in another folder, or undo the change");
        }
        try (WeightSource saved = Safetensors.open(folder.resolve(TENSORS))) {
            parameters.forEach((name, tensor) -> restore(backend, tensor, saved, "parameter." + name, folder));
            optimizer.state().forEach((name, tensor) -> restore(backend, tensor, saved, name, folder));
            optimizer.resume(about.path("step").asLong());
            source.restore(about.path("data"));
            List<Optional<Snapshot>> lanes = new ArrayList<>();
            for (JsonNode lane : about.path("lanes")) {
                lanes.add(lane.isNull() ? Optional.empty() : Optional.of(snapshot(saved, lanes.size(), lane)));
            }
            pass.restore(lanes);
        } catch (IllegalArgumentException e) {
            throw new TrainingException(folder + ": the training state does not fit (" + e.getMessage() + ")", e);
        }
    }

    private static void restore(Backend backend, Tensor tensor, WeightSource saved, String name, Path folder) {
        Tensor stored = saved.tensor(name);
        if (stored.dtype() != DType.F32 || stored.elements() != tensor.elements()) {
            throw new TrainingException(folder + ": saved tensor " + name + " is " + stored + ", expected " + tensor);
        }
        TrainableParameters.write(backend, tensor, stored.toFloats());
    }

    private static Snapshot snapshot(WeightSource saved, int lane, JsonNode about) {
        List<byte[]> recurrent = new ArrayList<>();
        for (int i = 0; i < about.path("recurrent").asInt(); i++) {
            recurrent.add(saved.tensor("lane." + lane + ".recurrent." + i).toBytes());
        }
        List<Snapshot.Pages> pages = new ArrayList<>();
        for (JsonNode held : about.path("pages")) {
            int i = pages.size();
            pages.add(new Snapshot.Pages(Json.mapper().convertValue(held, int[].class),
                    saved.tensor("lane." + lane + ".keys." + i).toBytes(),
                    saved.tensor("lane." + lane + ".values." + i).toBytes()));
        }
        return new Snapshot(StateTypes.EXACT, about.path("position").asLong(), recurrent, pages);
    }
}
