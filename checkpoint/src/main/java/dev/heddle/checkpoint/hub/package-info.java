/// Downloading checkpoints from the Hugging Face hub, or a mirror, into the cache that the Python libraries share.
package dev.heddle.checkpoint.hub;
