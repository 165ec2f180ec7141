/// Products of activations with quantized weights in machine code of their own.
package dev.heddle.core.kernel.machine;
