package dev.heddle.core.kernel.plain;

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
import dev.heddle.core.kernel.Kernels;
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

/// The reference kernels: plain loops on the calling thread, wherever Java runs. Faster sets override what they
/// do better.
public class PlainKernels implements Kernels {
    private final MatrixProduct matrixProduct = new PlainMatrixProduct();
    private final Elementwise elementwise = new PlainElementwise();
    private final Normalization normalization = new PlainNormalization();
    private final CausalConvolution causalConvolution = new PlainCausalConvolution();
    private final SelectiveScan selectiveScan = new PlainSelectiveScan();
    private final StateSpaceDual stateSpaceDual = new PlainStateSpaceDual();
    private final Attention attention = new PlainAttention();
    private final AttentionDifference attentionDifference = new PlainAttentionDifference();
    private final StateRounding stateRounding = new PlainStateRounding();
    private final Rotary rotary = new PlainRotary();
    private final Embedding embedding = new PlainEmbedding();
    private final TokenShift tokenShift = new PlainTokenShift();
    private final Wkv wkv = new PlainWkv();
    private final MatrixWkv matrixWkv = new PlainMatrixWkv();
    private final DeltaWkv deltaWkv = new PlainDeltaWkv();
    private final GatedDeltaRule gatedDeltaRule = new PlainGatedDeltaRule();
    private final LogDecay logDecay = new PlainLogDecay();
    private final Dropout dropout = new PlainDropout();
    private final Retention retention = new PlainRetention();
    private final DiagonalStateSpace diagonalStateSpace = new PlainDiagonalStateSpace();
    private final LinearAttention linearAttention = new PlainLinearAttention();
    private final RgLru rgLru = new PlainRgLru();
    private final FeatureMaps featureMaps = new PlainFeatureMaps();
    private final SymmetricConvolution symmetricConvolution = new PlainSymmetricConvolution();
    private final BidirectionalAttention bidirectionalAttention = new PlainBidirectionalAttention();
    private final AdamW adamW = new PlainAdamW();
    private final CrossEntropy crossEntropy = new PlainCrossEntropy();
    private final KullbackLeibler kullbackLeibler = new PlainKullbackLeibler();

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
    public SelectiveScan selectiveScan() {
        return selectiveScan;
    }

    @Override
    public StateSpaceDual stateSpaceDual() {
        return stateSpaceDual;
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
    public Rotary rotary() {
        return rotary;
    }

    @Override
    public Embedding embedding() {
        return embedding;
    }

    @Override
    public AdamW adamW() {
        return adamW;
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
        return new PlainExperts(matrixProduct());
    }

    @Override
    public LoadBalance loadBalance() {
        return new PlainLoadBalance();
    }

    @Override
    public TokenShift tokenShift() {
        return tokenShift;
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
    public GatedDeltaRule gatedDeltaRule() {
        return gatedDeltaRule;
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
    public Retention retention() {
        return retention;
    }

    @Override
    public DiagonalStateSpace diagonalStateSpace() {
        return diagonalStateSpace;
    }

    @Override
    public LinearAttention linearAttention() {
        return linearAttention;
    }

    @Override
    public RgLru rgLru() {
        return rgLru;
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
}
