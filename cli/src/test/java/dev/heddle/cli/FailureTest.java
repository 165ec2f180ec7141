package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.train.TrainingException;
import dev.heddle.train.data.DataException;
import org.junit.jupiter.api.Test;

class FailureTest {
    @Test
    void whatTrainingSaysReachesTheUserAsItIs() {
        assertEquals("runs/a: was saved by another training", Failure.line(new TrainingException("runs/a: was saved by another training")));
        assertEquals("corpus.txt: is empty", Failure.line(new DataException("corpus.txt: is empty")));
    }
}
