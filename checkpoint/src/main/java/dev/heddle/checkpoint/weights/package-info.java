/// Reading and writing weight files: safetensors, and PyTorch archives without running what they contain.
package dev.heddle.checkpoint.weights;
