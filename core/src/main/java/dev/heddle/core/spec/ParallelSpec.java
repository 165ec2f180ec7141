package dev.heddle.core.spec;

import java.util.List;

/// Layers that read the same input side by side and whose outputs are merged (Falcon-H1, Hymba).
///
/// @param branches the layers
/// @param merge    how their outputs become one
/// @param inner    width of the outputs, if one matrix projects what they are merged to back to the model's width (Hymba);
///                 0 if they have that width already
public record ParallelSpec(List<Branch> branches, @Default("add") Merge merge, @Default("0") int inner)
        implements LayerSpec {
    /// How the branch outputs become one.
    public enum Merge { ADD, MEAN }

    /// One branch: outputScale · norm(layer(inputScale · x)).
    ///
    /// @param name names the branch's parameters
    public record Branch(
            String name,
            LayerSpec layer,
            @Default("1") double inputScale,
            @Default("none") NormSpec norm,
            @Default("1") double outputScale) {
        public Branch {
            Check.present("branch.name", name);
            Check.present("branch.layer", layer);
            Check.present("branch.norm", norm);
            Check.finite("branch.inputScale", inputScale);
            Check.finite("branch.outputScale", outputScale);
        }

        public static Branch of(String name, LayerSpec layer) {
            return new Branch(name, layer, 1, NormSpec.NONE, 1);
        }
    }

    public ParallelSpec {
        branches = Check.list("parallel.branches", branches);
        Check.present("parallel.merge", merge);
        Check.notNegative("parallel.inner", inner);
        if (branches.isEmpty()) {
            throw new SpecException("parallel.branches", "is empty");
        }
    }

    /// Branches whose outputs have the model's width.
    public ParallelSpec(List<Branch> branches, Merge merge) {
        this(branches, merge, 0);
    }
}
