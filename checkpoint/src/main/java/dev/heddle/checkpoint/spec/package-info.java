/// Specification files: architectures as YAML or JSON.
package dev.heddle.checkpoint.spec;
