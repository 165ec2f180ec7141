package dev.heddle.checkpoint.gguf.export;

import com.fasterxml.jackson.core.JsonProcessingException;
