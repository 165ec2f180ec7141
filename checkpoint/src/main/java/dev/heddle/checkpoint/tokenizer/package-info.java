/// Text to token ids and back. Start at [dev.heddle.checkpoint.tokenizer.Tokenizers#load].
package dev.heddle.checkpoint.tokenizer;
