package dev.heddle.train.convert;

import dev.heddle.checkpoint.family.Checkpoint;
import dev.heddle.core.layer.Inventory;
import dev.heddle.core.model.Model;
import dev.heddle.core.model.ShapeOnly;
import dev.heddle.core.spec.AttentionSpec;
import dev.heddle.core.spec.MixerSpec;
import dev.heddle.core.spec.ModelSpec;
import dev.heddle.core.tensor.DType;
import dev.heddle.core.tensor.Memory;
import dev.heddle.core.tensor.Tensor;
import dev.heddle.train.TrainingException;
import dev.heddle.train.initialize.Initialization;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A transformer of which some attention layers become recurrent mixers. Everything else (embedding, norms, MLPs, the other
/// attention layers, head) is the transformer's, to the bit. A mixer begins with what it [inherits][RecurrentMixer] from the
/// attention it replaces, or is a whole mixer of a recurrent checkpoint; what neither gives is drawn as its layer says.
public final class HybridConversion {
    /// Where a parameter's values come from.
    private sealed interface Origin {
        /// The transformer, unchanged.
        record Kept(Tensor tensor) implements Origin {
        }

        /// Rows of attention's parameters, one below the other.
        record Inherited(List<Rows> rows) implements Origin {
        }

        /// A recurrent checkpoint, unchanged.
        record Donated(Tensor tensor) implements Origin {
        }

        /// Drawn.
        record Drawn() implements Origin {
        }
    }

    /// A tensor of `heads` heads, each taken `repeat` times.
    private record Rows(Tensor tensor, int heads, int repeat) {
    }

    private final Model source;
    private final ModelSpec spec;
    private final Model target;
    private final List<Integer> recurrent;
    private final Initialization initialization;
    private final Map<String, Origin> origins = new LinkedHashMap<>();
    private final Set<String> inherited = new LinkedHashSet<>();
    private final Set<String> leftBehind = new LinkedHashSet<>();

    /// With mixers that inherit from attention.
    ///
    /// @param pattern see [HybridPattern]
    /// @param seed    of what is drawn
    /// @throws TrainingException if the model is no transformer or the pattern does not fit it
    public static HybridConversion of(Checkpoint transformer, String pattern, RecurrentMixer mixer, long seed) {
        Model model = transformer.model();
        TransformerBlocks blocks = TransformerBlocks.of(model);
        Map<Integer, Inheritance> heirs = new LinkedHashMap<>();
        double epsilon = model.spec().finalNorm().epsilon();
        for (int layer : HybridPattern.recurrent(pattern, blocks.size())) {
            heirs.put(layer, mixer.of(blocks.attention(layer), new RecurrentMixer.Place(model.spec().width(), epsilon > 0 ? epsilon : 1e-5,
                    heirs.isEmpty())));
        }
        Map<Integer, MixerSpec> mixers = new LinkedHashMap<>();
        heirs.forEach((layer, heir) -> mixers.put(layer, heir.mixer()));
        HybridConversion conversion = new HybridConversion(model, blocks, mixers, seed);
        heirs.forEach((layer, heir) -> conversion.inherit(blocks.path(layer), heir));
        return conversion;
    }

    /// With the mixers of a recurrent checkpoint, which must stay open. The layer in the middle gets the mixer in the middle.
    ///
    /// @throws TrainingException also if the checkpoint's mixers do not fit
    public static HybridConversion of(Checkpoint transformer, String pattern, Checkpoint mixersFrom, long seed) {
        Model model = transformer.model();
        TransformerBlocks blocks = TransformerBlocks.of(model);
        Model donor = mixersFrom.model();
        List<Inventory.Placed> donated = DonatedMixers.of(donor, model.spec().width(), mixersFrom.spec().name());
        Map<Integer, Inventory.Placed> chosen = new LinkedHashMap<>();
        for (int layer : HybridPattern.recurrent(pattern, blocks.size())) {
            chosen.put(layer, donated.get((int) ((long) layer * donated.size() / blocks.size())));
        }
        Map<Integer, MixerSpec> mixers = new LinkedHashMap<>();
        chosen.forEach((layer, placed) -> mixers.put(layer, (MixerSpec) placed.layer()));
        HybridConversion conversion = new HybridConversion(model, blocks, mixers, seed);
        Map<String, Tensor> have = donor.parameters();
        chosen.forEach((layer, placed) -> conversion.take(blocks.path(layer), placed.parameters(), have));
        return conversion;
    }

    private HybridConversion(Model source, TransformerBlocks blocks, Map<Integer, MixerSpec> mixers, long seed) {
        this.source = source;
        spec = blocks.with(source.spec(), mixers);
        target = new Model(spec, new ShapeOnly(DType.F32));
        recurrent = List.copyOf(mixers.keySet());
        initialization = new Initialization(seed);
        Map<String, Tensor> have = tensors(source);
        Set<String> replaced = new HashSet<>();
        recurrent.forEach(layer -> mixer(target, blocks.path(layer)).keySet().forEach(name -> replaced.add(blocks.path(layer) + "." + name)));
        tensors(target).keySet().forEach(name -> origins.put(name, replaced.contains(name) ? new Origin.Drawn()
                : new Origin.Kept(have.get(name))));
        have.forEach((name, tensor) -> {
            if (tensor.dtype().isQuantized() && origins.get(name) instanceof Origin.Kept) {
                throw new TrainingException("tensor " + name + " is stored as " + tensor.dtype() + "; a hybrid needs f32, f16 or bf16 weights to "
                        + "begin with");
            }
        });
        recurrent.forEach(layer -> leftBehind.addAll(mixer(source, blocks.path(layer)).keySet()));
    }

    private static Map<String, Tensor> tensors(Model model) {
        Map<String, Tensor> all = new LinkedHashMap<>(model.parameters());
        all.putAll(model.buffers());
        return all;
    }

    /// The parameters of the mixer at `path`, by the rest of their names. A residual around it has the same path and a norm of
    /// its own there, so the owner decides and not the name.
    private static Map<String, Tensor> mixer(Model model, String path) {
        Map<String, Tensor> of = new LinkedHashMap<>();
        model.inventory().parameters().forEach((name, owned) -> {
            if (name.startsWith(path + ".") && owned.layer().isPresent() && owned.layer().get().within(MixerSpec.class)) {
                of.put(name.substring(path.length() + 1), model.parameters().get(name));
            }
        });
        return of;
    }

    private void inherit(String path, Inheritance heir) {
        Map<String, Tensor> attention = mixer(source, path);
        heir.parts().forEach((parameter, parts) -> {
            List<Rows> rows = parts.stream().map(part -> new Rows(attention.get(part.parameter()), part.heads(), part.repeat())).toList();
            origins.put(path + "." + parameter, new Origin.Inherited(rows));
            inherited.add(parameter + " ← " + String.join(", ", parts.stream().map(Inheritance.Part::parameter).toList()));
            parts.forEach(part -> leftBehind.remove(part.parameter()));
        });
    }

    private void take(String path, String from, Map<String, Tensor> donor) {
        mixer(target, path).forEach((name, wanted) -> {
            Tensor tensor = donor.get(from + "." + name);
            if (!Arrays.equals(tensor.shape(), wanted.shape()) || tensor.dtype().isQuantized()) {
                throw new TrainingException("tensor " + from + "." + name + " of the mixers' checkpoint is " + tensor + ", expected f32, f16 or "
                        + "bf16 of shape " + Arrays.toString(wanted.shape()));
            }
            origins.put(path + "." + name, new Origin.Donated(tensor));
        });
    }

    /// The hybrid's architecture.
    public ModelSpec spec() {
        return spec;
    }

    /// `MMMAMMMA`.
    public String letters() {
        return HybridPattern.letters(recurrent, spec.blocks().size());
    }

    /// Parameters of one origin.
    ///
    /// @param tensors  how many
    /// @param elements their numbers
    public record Count(int tensors, long elements) {
        private Count plus(Tensor tensor) {
            return new Count(tensors + 1, elements + tensor.elements());
        }
    }

    /// What the hybrid consists of.
    ///
    /// @param kept       as in the transformer
    /// @param inherited  from the attention that was replaced
    /// @param donated    from the recurrent checkpoint
    /// @param drawn      anew
    /// @param from       `out_proj.weight ← o.weight` for each kind of inherited parameter
    /// @param newNames   each kind of drawn parameter
    /// @param leftBehind each kind of parameter of the replaced attention that nothing inherits
    public record Summary(Count kept, Count inherited, Count donated, Count drawn, List<String> from, List<String> newNames,
            List<String> leftBehind) {
    }

    public Summary summary() {
        Map<Class<?>, Count> counts = new HashMap<>();
        Set<String> drawn = new LinkedHashSet<>();
        Map<String, Tensor> shapes = tensors(target);
        Map<String, Inventory.Placed> owners = new HashMap<>();
        target.inventory().parameters().forEach((name, owned) -> owned.layer().ifPresent(placed -> owners.put(name, placed)));
        origins.forEach((name, origin) -> {
            counts.merge(origin.getClass(), new Count(0, 0).plus(shapes.get(name)), (a, b) -> new Count(a.tensors() + b.tensors(), a.elements() + b.elements()));
            if (origin instanceof Origin.Drawn) {
                drawn.add(name.substring(owners.get(name).parameters().length() + 1));
            }
        });
        Count none = new Count(0, 0);
        return new Summary(counts.getOrDefault(Origin.Kept.class, none), counts.getOrDefault(Origin.Inherited.class, none),
                counts.getOrDefault(Origin.Donated.class, none), counts.getOrDefault(Origin.Drawn.class, none), List.copyOf(inherited),
                List.copyOf(drawn), List.copyOf(leftBehind));
    }

    /// The stored type and shape of every tensor of the hybrid.
    Map<String, Tensor> shapes() {
        Map<String, Tensor> shapes = new LinkedHashMap<>();
        tensors(target).forEach((name, tensor) -> shapes.put(name, Tensor.shapeOnly(switch (origins.get(name)) {
            case Origin.Kept(Tensor kept) -> kept.dtype();
            case Origin.Donated(Tensor donated) -> donated.dtype();
            case Origin.Inherited(List<Rows> rows) -> type(rows);
            case Origin.Drawn _ -> DType.F32;
        }, tensor.shape())));
        return shapes;
    }

    private static DType type(List<Rows> rows) {
        DType first = rows.getFirst().tensor().dtype();
        return !first.isQuantized() && rows.stream().allMatch(part -> part.tensor().dtype() == first) ? first : DType.F32;
    }

    /// A tensor of the hybrid. Only what is neither kept nor donated takes memory of `arena`.
    public Tensor tensor(Arena arena, String name) {
        long[] shape = target.parameters().getOrDefault(name, target.buffers().get(name)).shape();
        return switch (origins.get(name)) {
            case Origin.Kept(Tensor kept) -> kept.reshape(shape);
            case Origin.Donated(Tensor donated) -> donated.reshape(shape);
            case Origin.Inherited(List<Rows> rows) -> joined(arena, rows, shape);
            case Origin.Drawn _ -> target.buffers().containsKey(name) ? Tensor.zeros(arena, DType.F32, shape)
                    : Tensor.of(arena, initialization.values(target, name), shape);
        };
    }

    /// Heads repeated and tensors put together; rows of one stored type are copied as they are, others become f32.
    private static Tensor joined(Arena arena, List<Rows> parts, long[] shape) {
        Tensor joined = Tensor.zeros(arena, type(parts), shape);
        List<long[]> heads = new ArrayList<>(); // tensor, first element, elements
        for (int part = 0; part < parts.size(); part++) {
            long each = parts.get(part).tensor().elements() / parts.get(part).heads();
            for (int head = 0; head < parts.get(part).heads(); head++) {
                for (int i = 0; i < parts.get(part).repeat(); i++) {
                    heads.add(new long[] {part, head * each, each});
                }
            }
        }
        long at = 0;
        for (long[] head : heads) {
            Tensor from = parts.get((int) head[0]).tensor();
            if (from.dtype() == joined.dtype() && from.isContiguous()) {
                Memory.ALL.asSlice(joined.address() + joined.dtype().bytes(at), joined.dtype().bytes(head[2]))
                        .copyFrom(Memory.ALL.asSlice(from.address() + from.dtype().bytes(head[1]), from.dtype().bytes(head[2])));
            } else {
                for (long i = 0; i < head[2]; i++) {
                    joined.set(at + i, from.get(head[1] + i));
                }
            }
            at += head[2];
        }
        if (at != joined.elements()) {
            throw new IllegalStateException(at + " inherited elements for " + joined);
        }
        return joined;
    }

    /// Which layers lost their attention.
    public List<Integer> recurrent() {
        return recurrent;
    }

    /// The mixer of a replaced layer; empty if none was.
    public Optional<MixerSpec> mixer() {
        return target.inventory().layers().stream().map(Inventory.Placed::layer).filter(MixerSpec.class::isInstance).map(MixerSpec.class::cast)
                .filter(mixer -> !(mixer instanceof AttentionSpec)).findFirst();
    }
}
