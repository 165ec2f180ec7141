package dev.heddle.server.api;

import dev.heddle.server.http.ApiException;
import dev.heddle.server.model.ServedModel;
import dev.heddle.server.model.ServedModels;
import java.util.Optional;

/// Finds the model that a request names.
public final class ModelChoice {
    private ModelChoice() {
    }

    /// The model called so, or the first if the request names none.
    ///
    /// @throws ApiException 404 if there is no such model
    public static ServedModel of(ServedModels models, Optional<String> name) {
        return name.isEmpty() ? models.first() : models.find(name.get()).orElseThrow(() -> ApiException.unknownModel(shown(name.get()),
                String.join(", ", models.all().stream().map(ServedModel::name).toList())));
    }

    private static String shown(String name) {
        return name.length() <= 100 ? name : name.substring(0, 100) + "…";
    }
}
