/// What a person sees of a training: metrics, event files for TensorBoard, pages with curves.
package dev.heddle.train.report;
