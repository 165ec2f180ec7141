package dev.heddle.core.parallel;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SettlingTest {
    private long now = Long.MAX_VALUE - 5; // a clock may pass the largest number

    @Test
    void lastsAWhileFromTheFirstPassOn() {
        Settling settling = new Settling(2, () -> now);
        assertFalse(settling.isUnderWay());
        settling.begin();
        assertTrue(settling.isUnderWay());
        now += Settling.NANOS - 1;
        assertTrue(settling.isUnderWay());
        now++;
        assertFalse(settling.isUnderWay());
        settling.begin();
        assertFalse(settling.isUnderWay());
    }

    @Test
    void isNotNeededWhereTheCompilerHasItsOwnProcessor() {
        Settling settling = new Settling(4, () -> now);
        settling.begin();
        assertFalse(settling.isUnderWay());
    }
}
