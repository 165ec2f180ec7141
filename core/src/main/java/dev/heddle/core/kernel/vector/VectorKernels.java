package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.AdamW;
import dev.heddle.core.kernel.Elementwise;
import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.kernel.SelectiveScan;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.kernel.plain.PlainKernels;
import dev.heddle.core.parallel.Workers;

/// The kernels of the Vector API.
public final class VectorKernels extends PlainKernels {
    private final MatrixProduct matrixProduct;
    private final AdamW adamW;
    private final Elementwise elementwise;
    private final SelectiveScan selectiveScan;
    private final StateSpaceDual stateSpaceDual;

    private VectorKernels(Workers workers) {
        matrixProduct = new VectorMatrixProduct(workers);
        adamW = new VectorAdamW(workers);
        elementwise = new VectorElementwise(workers);
        selectiveScan = new VectorSelectiveScan(workers);
        stateSpaceDual = new VectorStateSpaceDual(workers);
    }

    public static VectorKernels create(Workers workers) {
        return new VectorKernels(workers);
    }

    /// The lanes in use, for `--verbose`.
    public static String describe() {
        return "vectors of " + 32 * Lanes.COUNT + " bits";
    }

    @Override
    public MatrixProduct matrixProduct() {
        return matrixProduct;
    }

    @Override
    public AdamW adamW() {
        return adamW;
    }

    @Override
    public Elementwise elementwise() {
        return elementwise;
    }

    @Override
    public SelectiveScan selectiveScan() {
        return selectiveScan;
    }

    @Override
    public StateSpaceDual stateSpaceDual() {
        return stateSpaceDual;
    }
}
