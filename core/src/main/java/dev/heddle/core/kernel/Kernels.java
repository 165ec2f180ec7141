package dev.heddle.core.kernel;

/// The kernels of one device.
public interface Kernels {
    MatrixProduct matrixProduct();

    Elementwise elementwise();

    Normalization normalization();

    CausalConvolution causalConvolution();

    SelectiveScan selectiveScan();

    StateSpaceDual stateSpaceDual();

    Attention attention();

    AttentionDifference attentionDifference();

    Rotary rotary();

    Embedding embedding();

    CrossEntropy crossEntropy();

    KullbackLeibler kullbackLeibler();

    Experts experts();

    LoadBalance loadBalance();

    TokenShift tokenShift();

    Wkv wkv();

    MatrixWkv matrixWkv();

    DeltaWkv deltaWkv();

    GatedDeltaRule gatedDeltaRule();

    LogDecay logDecay();

    Dropout dropout();

    Retention retention();

    DiagonalStateSpace diagonalStateSpace();

    LinearAttention linearAttention();

    RgLru rgLru();

    StateRounding stateRounding();

    FeatureMaps featureMaps();

    SymmetricConvolution symmetricConvolution();

    BidirectionalAttention bidirectionalAttention();

    AdamW adamW();
}
