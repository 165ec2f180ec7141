package dev.heddle.core.kernel.vector;

import dev.heddle.core.kernel.AdamW;
import dev.heddle.core.kernel.Attention;
import dev.heddle.core.kernel.AttentionDifference;
import dev.heddle.core.kernel.BidirectionalAttention;
import dev.heddle.core.kernel.CausalConvolution;
import dev.heddle.core.kernel.CrossEntropy;
import dev.heddle.core.kernel.DeltaWkv;
import dev.heddle.core.kernel.DiagonalStateSpace;
import dev.heddle.core.kernel.Dropout;
import dev.heddle.core.kernel.Elementwise;
import dev.heddle.core.kernel.Embedding;
import dev.heddle.core.kernel.Experts;
import dev.heddle.core.kernel.FeatureMaps;
import dev.heddle.core.kernel.GatedDeltaRule;
import dev.heddle.core.kernel.KullbackLeibler;
import dev.heddle.core.kernel.LinearAttention;
import dev.heddle.core.kernel.LoadBalance;
import dev.heddle.core.kernel.LogDecay;
import dev.heddle.core.kernel.MatrixProduct;
import dev.heddle.core.kernel.MatrixWkv;
import dev.heddle.core.kernel.Normalization;
import dev.heddle.core.kernel.Retention;
import dev.heddle.core.kernel.RgLru;
import dev.heddle.core.kernel.Rotary;
import dev.heddle.core.kernel.SelectiveScan;
import dev.heddle.core.kernel.StateRounding;
import dev.heddle.core.kernel.StateSpaceDual;
import dev.heddle.core.kernel.SymmetricConvolution;
import dev.heddle.core.kernel.TokenShift;
import dev.heddle.core.kernel.Wkv;
import dev.heddle.core.kernel.plain.PlainKernels;
import dev.heddle.core.parallel.Workers;

/// The kernels of the Vector API.
public final class VectorKernels extends PlainKernels {
    private final VectorMatrixProduct matrixProduct;
    private final Elementwise elementwise;
    private final Normalization normalization;
    private final CausalConvolution causalConvolution;
    private final Attention attention;
    private final AttentionDifference attentionDifference;
    private final StateRounding stateRounding;
    private final LogDecay logDecay;
    private final Dropout dropout;
    private final Rotary rotary;
    private final Embedding embedding;
    private final CrossEntropy crossEntropy;
    private final KullbackLeibler kullbackLeibler;
    private final Experts experts;
    private final LoadBalance loadBalance;
    private final TokenShift tokenShift;
    private final AdamW adamW;
    private final SelectiveScan selectiveScan;
    private final StateSpaceDual stateSpaceDual;
    private final Wkv wkv;
    private final MatrixWkv matrixWkv;
    private final DeltaWkv deltaWkv;
    private final Retention retention;
    private final RgLru rgLru;
    private final GatedDeltaRule gatedDeltaRule;
    private final LinearAttention linearAttention;
    private final FeatureMaps featureMaps;
    private final SymmetricConvolution symmetricConvolution;
    private final BidirectionalAttention bidirectionalAttention;
    private final DiagonalStateSpace diagonalStateSpace;

    private VectorKernels(Workers workers, boolean machineCode) {
        matrixProduct = new VectorMatrixProduct(workers, machineCode);
        elementwise = new VectorElementwise(workers);
        normalization = new VectorNormalization(workers);
        causalConvolution = new VectorCausalConvolution(workers);
        attention = new VectorAttention(workers, machineCode);
        attentionDifference = new VectorAttentionDifference(workers);
        stateRounding = new VectorStateRounding(workers);
        logDecay = new VectorLogDecay(workers);
        dropout = new VectorDropout(workers);
        rotary = new VectorRotary(workers);
        embedding = new VectorEmbedding(workers);
        crossEntropy = new VectorCrossEntropy(workers);
        kullbackLeibler = new VectorKullbackLeibler(workers);
        experts = new VectorExperts(workers, matrixProduct);
        loadBalance = new VectorLoadBalance(workers);
        tokenShift = new VectorTokenShift(workers);
        adamW = new VectorAdamW(workers);
        selectiveScan = new VectorSelectiveScan(workers);
        stateSpaceDual = new VectorStateSpaceDual(workers);
        linearAttention = new VectorLinearAttention(workers);
        gatedDeltaRule = new VectorGatedDeltaRule(workers);
        rgLru = new VectorRgLru(workers);
        retention = new VectorRetention(workers);
        deltaWkv = new VectorDeltaWkv(workers);
        matrixWkv = new VectorMatrixWkv(workers);
        wkv = new VectorWkv(workers);
        featureMaps = new VectorFeatureMaps(workers);
        symmetricConvolution = new VectorSymmetricConvolution(workers);
        bidirectionalAttention = new VectorBidirectionalAttention(workers);
        diagonalStateSpace = new VectorDiagonalStateSpace(workers);
    }

    /// @param machineCode whether products and attention may use machine code that is written for them
    public static VectorKernels create(Workers workers, boolean machineCode) {
        return new VectorKernels(workers, machineCode);
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
    public Elementwise elementwise() {
        return elementwise;
    }

    @Override
    public Normalization normalization() {
        return normalization;
    }

    @Override
    public CausalConvolution causalConvolution() {
        return causalConvolution;
    }

    @Override
    public Attention attention() {
        return attention;
    }

    @Override
    public StateRounding stateRounding() {
        return stateRounding;
    }

    @Override
    public AttentionDifference attentionDifference() {
        return attentionDifference;
    }

    @Override
    public LogDecay logDecay() {
        return logDecay;
    }

    @Override
    public Dropout dropout() {
        return dropout;
    }

    @Override
    public Rotary rotary() {
        return rotary;
    }

    @Override
    public Embedding embedding() {
        return embedding;
    }

    @Override
    public CrossEntropy crossEntropy() {
        return crossEntropy;
    }

    @Override
    public KullbackLeibler kullbackLeibler() {
        return kullbackLeibler;
    }

    @Override
    public Experts experts() {
        return experts;
    }

    @Override
    public LoadBalance loadBalance() {
        return loadBalance;
    }

    @Override
    public TokenShift tokenShift() {
        return tokenShift;
    }

    @Override
    public AdamW adamW() {
        return adamW;
    }

    @Override
    public SelectiveScan selectiveScan() {
        return selectiveScan;
    }

    @Override
    public StateSpaceDual stateSpaceDual() {
        return stateSpaceDual;
    }

    @Override
    public Wkv wkv() {
        return wkv;
    }

    @Override
    public MatrixWkv matrixWkv() {
        return matrixWkv;
    }

    @Override
    public DeltaWkv deltaWkv() {
        return deltaWkv;
    }

    @Override
    public Retention retention() {
        return retention;
    }

    @Override
    public RgLru rgLru() {
        return rgLru;
    }

    @Override
    public GatedDeltaRule gatedDeltaRule() {
        return gatedDeltaRule;
    }

    @Override
    public LinearAttention linearAttention() {
        return linearAttention;
    }

    @Override
    public FeatureMaps featureMaps() {
        return featureMaps;
    }

    @Override
    public SymmetricConvolution symmetricConvolution() {
        return symmetricConvolution;
    }

    @Override
    public BidirectionalAttention bidirectionalAttention() {
        return bidirectionalAttention;
    }

    @Override
    public DiagonalStateSpace diagonalStateSpace() {
        return diagonalStateSpace;
    }
}
