/// Published files: weights, configurations, tokenizers, chat templates and the hub they come from.
package dev.heddle.checkpoint;
