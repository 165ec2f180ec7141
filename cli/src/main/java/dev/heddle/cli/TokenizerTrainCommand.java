package dev.heddle.cli;

import dev.heddle.train.data.DocumentSource;
import dev.heddle.train.tokenizer.SpecialNames;
import dev.heddle.train.tokenizer.TokenizerTraining;
import dev.heddle.train.tokenizer.TrainedTokenizer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `heddle tokenizer train`: a byte-level byte pair encoding from a corpus.
@Command(name = "train", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Train a byte-level BPE tokenizer and write tokenizer.json and tokenizer_config.json.",
        footer = {"", "A special token given as \"\" is left out.", "",
            "Example: heddle tokenizer train data/stories.txt.xz --vocab 4096 --output runs/tokenizer"})
final class TokenizerTrainCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "corpus: .txt, .jsonl (also .gz, .xz) or .parquet")
    List<Path> files;

    @Option(names = "--vocab", paramLabel = "N", required = true, description = "tokens, special ones included")
    int vocabulary;

    @Option(names = {"--output", "-o"}, paramLabel = "DIR", required = true, description = "folder for the two files")
    Path output;

    @Option(names = "--field", paramLabel = "NAME", defaultValue = "text", description = "field or column with the text, for JSONL and Parquet")
    String field;

    @Option(names = "--min-count", paramLabel = "N", defaultValue = "2",
            description = "merge only what occurs so often (default ${DEFAULT-VALUE})")
    long leastCount;

    @Option(names = "--pad", paramLabel = "TOKEN", defaultValue = "<|pad|>", description = "default ${DEFAULT-VALUE}")
    String pad;

    @Option(names = "--bos", paramLabel = "TOKEN", defaultValue = "<|startoftext|>", description = "put before every text; default ${DEFAULT-VALUE}")
    String begin;

    @Option(names = "--eos", paramLabel = "TOKEN", defaultValue = "<|endoftext|>", description = "ends a text; default ${DEFAULT-VALUE}")
    String end;

    @Option(names = "--special", paramLabel = "TOKEN", description = "one more special token; repeatable")
    List<String> others = List.of();

    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        OutputFile.require(output.resolve("tokenizer.json"));
        SpecialNames special = new SpecialNames(named(pad), named(begin), named(end), others);
        List<DocumentSource> corpora = files.stream().map(file -> new DocumentSource(file, field)).toList();
        long start = System.nanoTime();
        try (ProgressLine line = new ProgressLine(err)) {
            TrainedTokenizer trained = TokenizerTraining.train(corpora, vocabulary, special, leastCount,
                    new TokenizerTraining.Listener() {
                        @Override
                        public void reading(String corpus, long characters, int pieces) {
                            line.text(String.format(Locale.ROOT, "%s  %.1fM characters, %d different pieces", corpus,
                                    characters / 1e6, pieces), false);
                        }

                        @Override
                        public void merged(int size, int wanted) {
                            line.text("vocabulary " + size + "/" + wanted, size == wanted);
                        }
                    });
            trained.write(output);
            line.end();
            err.printf(Locale.ROOT, "heddle: %d tokens, %d merges in %s%n", trained.size(), trained.merges().size(),
                    ProgressLine.duration((System.nanoTime() - start) * 1e-9));
            if (trained.size() < vocabulary) {
                err.println("heddle: fewer than " + vocabulary + ": no other pair occurs " + leastCount + " times in this corpus");
            }
            err.flush();
        }
        spec.commandLine().getOut().println(output);
        return 0;
    }

    private static Optional<String> named(String token) {
        return token.isEmpty() ? Optional.empty() : Optional.of(token);
    }
}
