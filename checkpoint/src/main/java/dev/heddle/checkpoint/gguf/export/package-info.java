/// Models as GGUF files: hyper-parameters, tensor names and conventions of each architecture that llama.cpp knows, and
/// Heddle's own for all others.
package dev.heddle.checkpoint.gguf.export;
