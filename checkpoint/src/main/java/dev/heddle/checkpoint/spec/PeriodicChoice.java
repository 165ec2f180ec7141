package dev.heddle.checkpoint.spec;

import dev.heddle.checkpoint.spec.SpecNode.Mapping;
import dev.heddle.checkpoint.spec.SpecNode.Scalar;
import java.util.Set;

/// `{period: 8, offset: 4, layer: …, otherwise: …}`: block i has `layer` if i mod period = offset.
record PeriodicChoice(int period, int offset, SpecNode layer, SpecNode otherwise) {
    private static final Set<String> KEYS = Set.of("period", "offset", "layer", "otherwise");

    static boolean isOne(Mapping mapping) {
        return mapping.entries().containsKey("period") && !mapping.entries().containsKey("type");
    }

    static PeriodicChoice of(Mapping mapping, String path, SpecError error) {
        for (String key : KEYS) {
            if (!mapping.entries().containsKey(key)) {
                throw error.at(mapping, path + "." + key + " is missing (a choice has period, offset, layer and otherwise)");
            }
        }
        mapping.entries().forEach((key, value) -> {
            if (!KEYS.contains(key)) {
                throw error.at(value, path + ": the key \"" + key + "\" is unknown in a choice of period, offset, layer and otherwise");
            }
        });
        int period = integer(mapping, "period", path, error);
        int offset = integer(mapping, "offset", path, error);
        if (period < 1) {
            throw error.at(mapping, path + ".period must be at least 1, not " + period);
        }
        if (offset < 0 || offset >= period) {
            throw error.at(mapping, path + ".offset must be from 0 to " + (period - 1) + ", not " + offset);
        }
        return new PeriodicChoice(period, offset, mapping.entries().get("layer"), mapping.entries().get("otherwise"));
    }

    private static int integer(Mapping mapping, String key, String path, SpecError error) {
        SpecNode node = mapping.entries().get(key);
        if (!(node instanceof Scalar scalar)) {
            throw error.wrong(node, path + "." + key, "a whole number");
        }
        return (int) SpecScalars.read(int.class, scalar, path + "." + key, error);
    }

    SpecNode at(int block) {
        return block % period == offset ? layer : otherwise;
    }
}
