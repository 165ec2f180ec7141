/// From a transformer to a hybrid: which layers, which mixers, and which weights they begin with.
package dev.heddle.train.convert;
