/// What sequences remembered, kept for others that begin alike.
package dev.heddle.engine.cache;
