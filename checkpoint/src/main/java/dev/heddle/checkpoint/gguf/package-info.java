/// GGUF files, the format in which quantized models are published: metadata and tensors of one file or of a set.
package dev.heddle.checkpoint.gguf;
