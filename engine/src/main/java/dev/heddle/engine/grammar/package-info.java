/// What an answer may look like: languages over bytes, JSON and JSON Schema among them, enforced while decoding.
package dev.heddle.engine.grammar;
