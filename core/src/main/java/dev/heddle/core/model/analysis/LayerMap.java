package dev.heddle.core.model.analysis;

import dev.heddle.core.layer.Inventory;
import dev.heddle.core.spec.ArchitectureSpec;
import dev.heddle.core.spec.ChannelMixerSpec;
import dev.heddle.core.spec.ConvolutionStageSpec;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.LayerSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.MixtureOfExpertsSpec;
import dev.heddle.core.spec.MixtureOfLayersSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.spec.ParallelSpec;
import dev.heddle.core.spec.PatchBackboneSpec;
import dev.heddle.core.spec.SharedUseSpec;
import dev.heddle.core.spec.StagedBackboneSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// Which block holds which mixers and channel mixers.
///
/// @param blocks the model's blocks in order
public record LayerMap(List<Block> blocks) {
    /// @param layers mixers and channel mixers in the order in which rows meet them, experts as one
    public record Block(int index, List<Layer> layers) {
        public List<Layer> mixers() {
            return layers.stream().filter(Layer::isMixer).toList();
        }
    }

    /// A mixer or channel mixer in its place.
    ///
    /// @param name     what people call it
    /// @param spec     what it is; empty for an image model's plain convolutions
    /// @param shared   the shared block whose parameters it uses
    /// @param parallel whether it stands beside others that read the same rows
    /// @param experts  whether it is one of many experts or holds them
    public record Layer(String name, Optional<LayerSpec> spec, Optional<String> shared, boolean parallel, boolean experts) {
        public boolean isMixer() {
            return kind().isPresent();
        }

        /// Its school, if it is a mixer.
        public Optional<MixerKind> kind() {
            return spec.flatMap(layer -> layer instanceof MixerSpec mixer ? Optional.of(MixerKind.of(mixer)) : Optional.empty());
        }
    }

    static LayerMap of(ArchitectureSpec spec, Inventory inventory) {
        Map<String, List<Layer>> layers = new LinkedHashMap<>();
        places(spec).forEach(place -> layers.put(place, new ArrayList<>()));
        for (Inventory.Placed placed : inventory.layers()) {
            List<Layer> block = layers.get(place(placed.use()));
            if (block != null) {
                name(placed).ifPresent(name -> block.add(layer(name, placed)));
            }
        }
        convolutions(spec).forEach(place -> layers.get(place)
                .add(new Layer("convolution", Optional.empty(), Optional.empty(), false, false)));
        List<Block> blocks = new ArrayList<>();
        layers.values().forEach(list -> blocks.add(new Block(blocks.size(), List.copyOf(list))));
        return new LayerMap(List.copyOf(blocks));
    }

    /// The paths of the blocks in order.
    private static List<String> places(ArchitectureSpec spec) {
        return switch (spec) {
            case ModelSpec model -> blocks(model.blocks().size());
            case ImageModelSpec image -> switch (image.backbone()) {
                case PatchBackboneSpec patches -> blocks(patches.blocks().size());
                case StagedBackboneSpec staged -> IntStream.range(0, staged.stages().size()).boxed().flatMap(stage -> IntStream
                        .range(0, staged.stages().get(stage).depth()).mapToObj(block -> "stages." + stage + "." + block)).toList();
            };
        };
    }

    private static List<String> blocks(int count) {
        return IntStream.range(0, count).mapToObj(block -> "blocks." + block).toList();
    }

    /// The paths of an image model's blocks of plain convolutions, which are no layers of the specification.
    private static List<String> convolutions(ArchitectureSpec spec) {
        return spec instanceof ImageModelSpec image && image.backbone() instanceof StagedBackboneSpec staged
                ? IntStream.range(0, staged.stages().size()).filter(stage -> staged.stages().get(stage) instanceof ConvolutionStageSpec)
                        .boxed().flatMap(stage -> IntStream.range(0, staged.stages().get(stage).depth())
                                .mapToObj(block -> "stages." + stage + "." + block)).toList()
                : List.of();
    }

    /// The block a path lies in: its first two steps, or three in a staged image model.
    private static String place(String path) {
        String[] steps = path.split("\\.");
        int count = steps[0].equals("stages") ? 3 : 2;
        return String.join(".", Arrays.asList(steps).subList(0, Math.min(count, steps.length)));
    }

    /// What people call a mixer or channel mixer that lies in no other; nothing for all other layers.
    private static Optional<String> name(Inventory.Placed placed) {
        if (placed.parent().filter(parent -> parent.within(MixerSpec.class) || parent.within(ChannelMixerSpec.class)).isPresent()) {
            return Optional.empty();
        }
        Optional<Inventory.Placed> experts = mixture(placed);
        if (experts.isPresent()) {
            boolean first = (placed.use() + ".").startsWith(experts.get().use() + ".experts.0.");
            return first && placed.layer() instanceof MixerSpec mixer ? Optional.of(MixerKind.name(mixer) + " experts")
                    : first && placed.layer() instanceof ChannelMixerSpec mixer ? Optional.of(ChannelMixerName.of(mixer) + " experts")
                    : Optional.empty();
        }
        return placed.layer() instanceof MixerSpec mixer ? Optional.of(MixerKind.name(mixer))
                : placed.layer() instanceof ChannelMixerSpec mixer ? Optional.of(ChannelMixerName.of(mixer)) : Optional.empty();
    }

    /// The mixture of whole layers around a layer, the first of whose experts stands for all.
    private static Optional<Inventory.Placed> mixture(Inventory.Placed placed) {
        return placed.parent().flatMap(parent -> parent.layer() instanceof MixtureOfLayersSpec ? placed.parent() : mixture(parent));
    }

    private static Layer layer(String name, Inventory.Placed placed) {
        Optional<String> shared = Optional.empty();
        for (Optional<Inventory.Placed> up = Optional.of(placed); up.isPresent(); up = up.get().parent()) {
            if (up.get().layer() instanceof SharedUseSpec use) {
                shared = Optional.of(use.block());
            }
        }
        return new Layer(name, Optional.of(placed.layer()), shared, placed.within(ParallelSpec.class),
                placed.layer() instanceof MixtureOfExpertsSpec || mixture(placed).isPresent());
    }

    /// All layers, block after block.
    public List<Layer> layers() {
        return blocks.stream().flatMap(block -> block.layers().stream()).toList();
    }

    public List<Layer> mixers() {
        return layers().stream().filter(Layer::isMixer).toList();
    }

    public boolean hasExperts() {
        return layers().stream().anyMatch(Layer::experts);
    }

    /// How many layers of each name there are, in the order in which they first appear.
    public Map<String, Integer> counts() {
        Map<String, Integer> counts = new LinkedHashMap<>();
        layers().forEach(layer -> counts.merge(layer.name(), 1, Integer::sum));
        return counts;
    }

    public int attention() {
        return (int) mixers().stream().filter(layer -> layer.kind().orElseThrow() == MixerKind.ATTENTION).count();
    }

    /// Layers with a state of constant size.
    public int recurrent() {
        return (int) mixers().stream().filter(layer -> layer.kind().orElseThrow().isRecurrent()).count();
    }

    /// Places where a transformer of this shape would have attention: mixers side by side count once.
    public int mixingPlaces() {
        return (int) blocks.stream().mapToLong(block -> block.mixers().stream().filter(layer -> !layer.parallel()).count()
                + (block.mixers().stream().anyMatch(Layer::parallel) ? 1 : 0)).sum();
    }
}
