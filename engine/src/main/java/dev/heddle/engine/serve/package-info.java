/// Many generations at a time on one model: continuous batching, admission, fairness, limits.
package dev.heddle.engine.serve;
