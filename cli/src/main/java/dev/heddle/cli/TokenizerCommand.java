package dev.heddle.cli;

import picocli.CommandLine.Command;

/// `heddle tokenizer`: what makes tokenizers.
@Command(name = "tokenizer", mixinStandardHelpOptions = true, description = "Make tokenizers.",
        subcommands = TokenizerTrainCommand.class, synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example: heddle tokenizer train data/stories.txt.xz --vocab 4096 --output ./story-tokenizer"})
final class TokenizerCommand {
}
