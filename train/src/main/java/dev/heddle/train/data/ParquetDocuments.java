package dev.heddle.train.data;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.schema.ColumnProjection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/// The text column of a Parquet file.
final class ParquetDocuments {
    private ParquetDocuments() {
    }

    static void forEach(Path file, String column, Consumer<String> document) throws IOException {
        try (ParquetFileReader reader = ParquetFileReader.open(InputFile.of(file))) {
            if (reader.getFileSchema().getColumns().stream().noneMatch(c -> c.name().equals(column))) {
                throw new DataException(file + ": has no column \"" + column + "\"; its columns are "
                        + String.join(", ", reader.getFileSchema().getColumns().stream().map(c -> c.name()).toList()));
            }
            try (RowReader rows = reader.buildRowReader().projection(ColumnProjection.columns(column)).build()) {
                while (rows.hasNext()) {
                    rows.next();
                    if (!rows.isNull(column)) {
                        document.accept(rows.getString(column));
                    }
                }
            }
        } catch (IllegalArgumentException | IllegalStateException | UnsupportedOperationException e) {
            throw new DataException(file + ": is no Parquet file with a text column \"" + column + "\" (" + e.getMessage() + ")", e);
        }
    }
}
