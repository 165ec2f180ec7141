/// Encoding numbers in the block types of quantized weights.
package dev.heddle.checkpoint.quantize;
