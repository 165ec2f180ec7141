/// Machine code that is written while the program runs, for instructions that the Vector API does not offer.
package dev.heddle.core.machine;
