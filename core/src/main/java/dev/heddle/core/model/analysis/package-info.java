/// What kind of model a specification describes: class, layer map, parameters by part, memory.
package dev.heddle.core.model.analysis;
