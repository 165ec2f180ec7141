package dev.heddle.cli;

import picocli.CommandLine.Command;

/// `heddle tokenizer`: what makes tokenizers.
@Command(name = "tokenizer", mixinStandardHelpOptions = true, description = "Make tokenizers.",
        subcommands = TokenizerTrainCommand.class, synopsisSubcommandLabel = "COMMAND")
final class TokenizerCommand {
}
