/// Help with misspelt names.
package dev.heddle.checkpoint.text;
