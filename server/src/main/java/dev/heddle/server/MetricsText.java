package dev.heddle.server;

import dev.heddle.engine.serve.SchedulerCounters;
import dev.heddle.server.http.Gate;
import dev.heddle.server.model.ServedModel;
import dev.heddle.server.model.ServedModels;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// `GET /metrics` in the text format of Prometheus (version 0.0.4).
final class MetricsText implements Handler {
    private final Gate gate;
    private final ServedModels models;

    MetricsText(Gate gate, ServedModels models) {
        this.gate = gate;
        this.models = models;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        StringBuilder out = new StringBuilder();
        head(out, "heddle_http_requests_total", "counter", "Requests answered, by HTTP status.");
        gate.eachStatus((status, count) -> out.append("heddle_http_requests_total{status=\"").append(status).append("\"} ").append(count).append('\n'));
        head(out, "heddle_http_requests_active", "gauge", "Requests being answered.");
        out.append("heddle_http_requests_active ").append(gate.active()).append('\n');
        gauge(out, "running", "Generations that have a place.", SchedulerCounters::running);
        gauge(out, "waiting", "Generations that wait for a place.", SchedulerCounters::waiting);
        gauge(out, "places", "Generations that may run at a time.", SchedulerCounters::places);
        gauge(out, "memory_limit_bytes", "Memory for states, keys and values, and cache.", SchedulerCounters::memoryLimit);
        gauge(out, "memory_reserved_bytes", "What running generations may come to need.", SchedulerCounters::reservedBytes);
        gauge(out, "state_bytes", "States, keys and values of running generations.", SchedulerCounters::stateBytes);
        gauge(out, "cache_bytes", "Prefix cache in memory.", SchedulerCounters::cacheBytes);
        gauge(out, "cache_entries", "Snapshots in the prefix cache.", SchedulerCounters::cacheEntries);
        gauge(out, "cache_disk_bytes", "Prefix cache on disk.", SchedulerCounters::cacheDiskBytes);
        counter(out, "cache_hits_total", "Generations that began from a snapshot.", SchedulerCounters::cacheHits);
        counter(out, "cache_misses_total", "Generations that asked the cache in vain.", SchedulerCounters::cacheMisses);
        counter(out, "prompt_tokens_total", "Tokens of prompts.", SchedulerCounters::promptTokens);
        counter(out, "prompt_tokens_cached_total", "Tokens of prompts that the cache spared.", SchedulerCounters::cachedTokens);
        counter(out, "prompt_tokens_computed_total", "Tokens of prompts that were computed.", SchedulerCounters::prefillTokens);
        counter(out, "generated_tokens_total", "Tokens of answers.", SchedulerCounters::generatedTokens);
        counter(out, "steps_total", "Passes through the model.", SchedulerCounters::steps);
        counter(out, "decode_rows_total", "Rows of those passes that continued an answer.", SchedulerCounters::decodeRows);
        counter(out, "prefill_seconds_total", "Time in passes with rows of prompts.", SchedulerCounters::prefillSeconds);
        counter(out, "decode_seconds_total", "Time in passes without.", SchedulerCounters::decodeSeconds);
        counter(out, "sampling_seconds_total", "Time choosing tokens.", SchedulerCounters::samplingSeconds);
        counter(out, "finished_total", "Generations that ended by themselves.", SchedulerCounters::finished);
        counter(out, "cancelled_total", "Generations that were cancelled.", SchedulerCounters::cancelled);
        counter(out, "timed_out_total", "Generations that took too long.", SchedulerCounters::timedOut);
        counter(out, "failed_total", "Generations that failed.", SchedulerCounters::failed);
        counter(out, "rejected_total", "Requests refused because too many waited.", SchedulerCounters::rejected);
        response.header(HeaderNames.CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
        response.send(out.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void gauge(StringBuilder out, String name, String help, ToDoubleFunction<SchedulerCounters> value) {
        each(out, name, "gauge", help, value);
    }

    private void counter(StringBuilder out, String name, String help, ToDoubleFunction<SchedulerCounters> value) {
        each(out, name, "counter", help, value);
    }

    private void each(StringBuilder out, String name, String type, String help, ToDoubleFunction<SchedulerCounters> value) {
        head(out, "heddle_" + name, type, help);
        for (ServedModel model : models.all()) {
            double number = value.applyAsDouble(model.scheduler().counters());
            String text = number == Math.rint(number) ? Long.toString((long) number) : String.format(Locale.ROOT, "%.6f", number);
            out.append("heddle_").append(name).append("{model=\"").append(escaped(model.name())).append("\"} ").append(text).append('\n');
        }
    }

    private static void head(StringBuilder out, String name, String type, String help) {
        out.append("# HELP ").append(name).append(' ').append(help).append("\n# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private static String escaped(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
