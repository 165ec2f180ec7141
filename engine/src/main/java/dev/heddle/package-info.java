/// Heddle inside a program: load a model, hold conversations with it. Everything here rests on `dev.heddle.engine`, which
/// is open to those who need more.
package dev.heddle;
