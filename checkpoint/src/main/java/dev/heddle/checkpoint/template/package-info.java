/// Chat templates: conversations to text. Start at [dev.heddle.checkpoint.template.ChatTemplate].
package dev.heddle.checkpoint.template;
