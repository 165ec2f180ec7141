package dev.heddle.train.report;

import dev.heddle.train.config.TrainConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Trainings that differ in nothing but their seed.
///
/// @param name what they are called together
/// @param runs their places in the list of all runs
record Repetitions(String name, List<Integer> runs) {
    /// A training whatever its seed; of several with the same seed, the first, the second, and so on.
    private record Key(TrainConfig config, long occurrence) {
    }

    /// The groups in the order of their first runs. A run whose configuration is not known is a group of its own.
    static List<Repetitions> of(List<RecordedRun> all) {
        Map<TrainConfig, Long> seen = new HashMap<>();
        Map<Key, List<Integer>> groups = new HashMap<>();
        List<List<Integer>> ordered = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            List<Integer> group = new ArrayList<>();
            Optional<TrainConfig> config = all.get(i).config();
            if (config.isPresent()) {
                long occurrence = seen.merge(config.get().with(config.get().seed(), ""), 1L, Long::sum);
                group = groups.computeIfAbsent(new Key(config.get().with(0, ""), occurrence), _ -> new ArrayList<>());
            }
            group.add(i);
            if (group.size() == 1) {
                ordered.add(group);
            }
        }
        return ordered.stream().map(runs -> new Repetitions(name(all, runs), List.copyOf(runs))).toList();
    }

    /// The first run's name, without the seed at its end if there are several.
    private static String name(List<RecordedRun> all, List<Integer> runs) {
        RecordedRun first = all.get(runs.getFirst());
        String seed = first.config().map(config -> Long.toString(config.seed())).orElse("");
        return runs.size() > 1 && first.name().endsWith(seed)
                ? first.name().substring(0, first.name().length() - seed.length()).replaceAll("[-_. ]*(seed)?[-_. ]*$", "") : first.name();
    }
}
