/// Heddle's models as LangChain4j knows models: in this process, without a server in between.
package dev.heddle.langchain4j;
