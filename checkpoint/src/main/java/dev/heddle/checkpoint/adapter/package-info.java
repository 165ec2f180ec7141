/// Low-rank adapters of published models in PEFT's file format.
package dev.heddle.checkpoint.adapter;
