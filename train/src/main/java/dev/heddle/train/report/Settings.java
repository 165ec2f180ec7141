package dev.heddle.train.report;

import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// All settings of a configuration as a file has them, defaults too: `optimizer.weight_decay` → `0.1`.
final class Settings {
    private final Map<String, String> values = new LinkedHashMap<>();

    private Settings() {
    }

    static Map<String, String> of(Record configuration) {
        Settings settings = new Settings();
        settings.add("", configuration);
        return settings.values;
    }

    private void add(String key, Object value) {
        switch (value) {
            case Optional<?> optional -> optional.ifPresent(inner -> add(key, inner));
            case List<?> list -> {
                for (int i = 0; i < list.size(); i++) {
                    add(list.size() == 1 ? key : key + "[" + i + "]", list.get(i));
                }
            }
            case Record record -> {
                if (!key.isEmpty() && record.getClass().getInterfaces().length > 0) {
                    values.put(key, snake(record.getClass().getSimpleName()));
                }
                for (RecordComponent component : record.getClass().getRecordComponents()) {
                    add((key.isEmpty() ? "" : key + ".") + snake(component.getName()), value(component, record));
                }
            }
            case Enum<?> constant -> values.put(key, constant.name().toLowerCase(Locale.ROOT));
            case Double number -> values.put(key, number.toString().replaceAll("\\.0(?=E|$)", "").replace("E", "e"));
            default -> values.put(key, value.toString());
        }
    }

    private static Object value(RecordComponent component, Record record) {
        try {
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(record.getClass() + " must be public to be shown", e);
        }
    }

    private static String snake(String name) {
        return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }
}
