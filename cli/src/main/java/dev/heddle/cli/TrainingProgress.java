package dev.heddle.cli;

import dev.heddle.core.model.analysis.TrainingMemory;
import dev.heddle.train.Trainer;
import dev.heddle.train.run.RunListener;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/// What a person sees of a training: on a terminal one line that is rewritten, elsewhere a plain line now and then; losses
/// on held-out text stay.
final class TrainingProgress implements RunListener, AutoCloseable {
    private static final double SMOOTHING = 0.9;

    private final PrintWriter err;
    private final ProgressLine line;
    private double rate;
    private double loss = Double.NaN;

    TrainingProgress(PrintWriter err) {
        this.err = err;
        line = new ProgressLine(err);
    }

    @Override
    public void tokenizing(String corpus, long tokens) {
        line.text(corpus + "  " + tokens / 1000 + "k tokens", false);
    }

    @Override
    public void started(long parameters, long trainTokens, long validationTokens) {
        line.end();
        err.printf(Locale.ROOT, "heddle: %.2fM parameters, %.2fM tokens to learn from, %.2fM held out%n", parameters / 1e6,
                trainTokens / 1e6, validationTokens / 1e6);
        err.flush();
    }

    @Override
    public void memory(long parameterBytes, TrainingMemory memory) {
        err.println("heddle: a step takes " + Bytes.text(parameterBytes + memory.activations() + memory.states()) + ": parameters, gradients and moments "
                + Bytes.text(parameterBytes) + ", activations " + Bytes.text(memory.activations()) + " ("
                + Bytes.text(Math.round(memory.activationsPerToken())) + " per token), states " + Bytes.text(memory.states()));
        err.flush();
    }

    @Override
    public void resumed(long step) {
        err.println("heddle: goes on after step " + step);
        err.flush();
    }

    @Override
    public void step(Trainer.Step step, long total) {
        double now = step.tokens() / step.seconds();
        rate = rate == 0 ? now : SMOOTHING * rate + (1 - SMOOTHING) * now;
        loss = Double.isNaN(loss) ? step.loss() : SMOOTHING * loss + (1 - SMOOTHING) * step.loss();
        double left = (total - step.step()) * step.tokens() / rate;
        String experts = step.routers().map(use -> String.format(Locale.ROOT, "  busiest expert %.0f %%", 100 * use.busiest())).orElse("");
        line.text(String.format(Locale.ROOT, "step %d/%d  loss %.3f  gradient %.2f%s  rate ×%.3f  %.0f tok/s  %s left", step.step(),
                total, loss, step.norm(), experts, step.factor(), rate, ProgressLine.duration(left)), step.step() == total);
    }

    @Override
    public void evaluated(long step, double validation) {
        line.end();
        err.printf(Locale.ROOT, "step %d  validation loss %.4f  (perplexity %.1f)%n", step, validation, Math.exp(validation));
        err.flush();
    }

    @Override
    public void recalled(long step, Map<Integer, Double> accuracy) {
        StringJoiner shares = new StringJoiner("  ");
        accuracy.forEach((pairs, share) -> shares.add(String.format(Locale.ROOT, "%d pairs %.1f %%", pairs, 100 * share)));
        err.println("step " + step + "  recall  " + shares);
        err.flush();
    }

    @Override
    public void saved(long step) {
        line.text("saved after step " + step, false);
    }

    @Override
    public void close() {
        line.close();
    }
}
