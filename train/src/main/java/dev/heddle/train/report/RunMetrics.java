package dev.heddle.train.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The numbers of a run in columns, one for each key of its metrics, in the order of the steps.
public final class RunMetrics {
    /// The key whose number says where on the way a line was written.
    public static final String STEP = "step";
    /// The key of the tokens learned from so far.
    public static final String TOKENS = "tokens";
    static final String LOSS = "loss";
    /// The key of an evaluation's loss.
    public static final String VALIDATION = "validation_loss";
    static final String NORM = "gradient_norm";
    static final String SPEED = "tokens_per_second";

    private static final Pattern RECALL = Pattern.compile("accuracy_(\\d{1,9})_pairs");

    private final Map<String, Column> columns = new LinkedHashMap<>();
    private final Map<String, Integer> notFinite = new LinkedHashMap<>();
    private int lines;

    private static final class Column {
        private double[] values = new double[16];
        private int size;

        /// Sets the value of a line; lines between have none.
        void set(int line, double value) {
            if (line >= values.length) {
                values = Arrays.copyOf(values, Math.max(line + 1, 2 * values.length));
            }
            Arrays.fill(values, size, line, Double.NaN);
            values[line] = value;
            size = line + 1;
        }
    }

    /// Those of a metrics file; none if it is missing.
    public static RunMetrics read(Path file) {
        RunMetrics metrics = new RunMetrics();
        if (Files.exists(file)) {
            MetricsFile.read(file).forEach(metrics::add);
        }
        return metrics;
    }

    /// Adds a line. What is not a number in it is left out.
    public void add(ObjectNode line) {
        values(line).forEach((key, value) -> {
            columns.computeIfAbsent(key, _ -> new Column()).set(lines, value);
            if (!Double.isFinite(value)) {
                notFinite.putIfAbsent(key, lines);
            }
        });
        lines++;
    }

    /// The numbers of a line by their keys.
    public static Map<String, Double> values(ObjectNode line) {
        Map<String, Double> values = new LinkedHashMap<>();
        line.properties().forEach(entry -> {
            JsonNode node = entry.getValue();
            if (node.isNumber() || node.isTextual() && node.textValue().matches("NaN|-?Infinity")) {
                values.put(entry.getKey(), node.isNumber() ? node.doubleValue() : Double.parseDouble(node.textValue()));
            }
        });
        return values;
    }

    public int lines() {
        return lines;
    }

    public List<String> keys() {
        return List.copyOf(columns.keySet());
    }

    /// The values of a key, NaN in lines without it.
    public double[] column(String key) {
        double[] values = new double[lines];
        Arrays.fill(values, Double.NaN);
        Column column = columns.get(key);
        if (column != null) {
            System.arraycopy(column.values, 0, values, 0, column.size);
        }
        return values;
    }

    /// Lines in which a key has a finite value.
    List<Integer> linesWith(String key) {
        double[] values = column(key);
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < lines; i++) {
            if (Double.isFinite(values[i])) {
                found.add(i);
            }
        }
        return found;
    }

    /// Keys that were written with a value that is not finite, and the first line where.
    Map<String, Integer> notFinite() {
        return Collections.unmodifiableMap(notFinite);
    }

    /// The last finite value of a key.
    OptionalDouble last(String key) {
        double[] values = column(key);
        return linesWith(key).stream().reduce((_, next) -> next).map(i -> OptionalDouble.of(values[i])).orElse(OptionalDouble.empty());
    }

    /// Keys of a recall task's accuracy by the number of pairs, fewest first.
    SortedMap<Integer, String> recall() {
        SortedMap<Integer, String> keys = new TreeMap<>();
        for (String key : columns.keySet()) {
            Matcher recall = RECALL.matcher(key);
            if (recall.matches()) {
                keys.put(Integer.parseInt(recall.group(1)), key);
            }
        }
        return keys;
    }

    /// The middle one of the finite values of a key.
    OptionalDouble median(String key) {
        double[] sorted = Arrays.stream(column(key)).filter(Double::isFinite).sorted().toArray();
        return sorted.length == 0 ? OptionalDouble.empty()
                : OptionalDouble.of((sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2);
    }

    /// The line with the lowest finite validation loss; -1 if there is none.
    int best() {
        double[] values = column(VALIDATION);
        return linesWith(VALIDATION).stream().reduce((a, b) -> values[b] < values[a] ? b : a).orElse(-1);
    }

    /// Seconds that the steps took up to each line, evaluations and saving left out.
    double[] seconds() {
        double[] tokens = column(TOKENS);
        double[] speed = column(SPEED);
        double[] seconds = new double[lines];
        double sum = 0;
        for (int i = 0; i < lines; i++) {
            double taken = (tokens[i] - (i == 0 ? 0 : tokens[i - 1])) / speed[i];
            sum += Double.isFinite(taken) ? taken : 0;
            seconds[i] = sum;
        }
        return seconds;
    }
}
