package dev.heddle.core.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WorkersTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void everyItemRunsOnceInPiecesOfTheGrain(int count) {
        try (Workers workers = new Workers(count)) {
            assertEquals(count, workers.count());
            for (int n : new int[] {0, 1, 2, 5, 63, 64, 65, 1000}) {
                for (int grain : new int[] {0, 1, 2, 7, 64, 2000}) {
                    AtomicIntegerArray runs = new AtomicIntegerArray(n);
                    workers.forRange(n, grain, (from, to) -> {
                        assertTrue(count == 1 || to == n || (to - from) % Math.max(1, grain) == 0, "pieces are multiples of the grain");
                        assertTrue(count == 1 || n <= grain || (to - from) * count <= n / 4 + count * Math.max(1, grain), "pieces are small");
                        assertTrue(count == 1 || from % Math.max(1, grain) == 0, "pieces start at multiples of the grain");
                        for (int i = from; i < to; i++) {
                            runs.incrementAndGet(i);
                        }
                    });
                    for (int i = 0; i < n; i++) {
                        assertEquals(1, runs.get(i), "item " + i + " of " + n + ", grain " + grain);
                    }
                }
            }
        }
    }

    /// Forks at all distances from the moment a thread parks: a lost wake-up would leave work to the caller, a lost
    /// join would hang.
    @Test
    void manyForksLoseNothing() {
        try (Workers workers = new Workers(3)) {
            long expected = 0;
            AtomicLong sum = new AtomicLong();
            for (int fork = 0; fork < 60_000; fork++) {
                int value = fork;
                workers.forRange(5, 1, (from, to) -> sum.addAndGet((long) value * (to - from)));
                expected += 5L * value;
                if (fork % 1000 == 0) {
                    LockSupport.parkNanos(fork * 20L);
                }
            }
            assertEquals(expected, sum.get());
        }
    }

    @Test
    void aParkedThreadIsWoken() throws InterruptedException {
        try (Workers workers = new Workers(2)) {
            for (int round = 0; round < 20; round++) {
                Thread.sleep(2); // long enough to park
                CountDownLatch both = new CountDownLatch(2);
                workers.forRange(2, 1, (from, to) -> {
                    both.countDown();
                    try {
                        assertTrue(both.await(10, TimeUnit.SECONDS), "the second thread did not come");
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
            }
            assertTrue(workers.pieces(1) >= 20, "pieces of the second thread: " + workers.pieces(1));
        }
    }

    @Test
    void writesOfAllPiecesAreVisibleAfterTheJoin() {
        try (Workers workers = new Workers(2)) {
            int[] cells = new int[1000];
            for (int round = 1; round < 2000; round++) {
                int value = round;
                workers.forRange(cells.length, 10, (from, to) -> Arrays.fill(cells, from, to, value));
                for (int cell : cells) {
                    if (cell != round) {
                        assertEquals(round, cell);
                    }
                }
            }
        }
    }

    @Test
    void anExceptionOfAnyThreadReachesTheCallerAndThePoolLivesOn() {
        try (Workers workers = new Workers(2)) {
            for (int bad = 0; bad < 100; bad++) {
                int item = bad;
                IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> workers.forRange(100, 1, (from, to) -> {
                    if (from <= item && item < to) {
                        throw new IllegalStateException("item " + item);
                    }
                }));
                assertEquals("item " + bad, thrown.getMessage());
                AtomicInteger done = new AtomicInteger();
                workers.forRange(100, 1, (from, to) -> done.addAndGet(to - from));
                assertEquals(100, done.get());
            }
        }
    }

    @Test
    void aForkInsideAPieceRunsOnTheSpot() {
        try (Workers workers = new Workers(3)) {
            AtomicInteger sum = new AtomicInteger();
            workers.forRange(20, 1, (from, to) -> {
                Thread outside = Thread.currentThread();
                workers.forRange(50, 1, (innerFrom, innerTo) -> {
                    assertEquals(outside, Thread.currentThread());
                    sum.addAndGet(innerTo - innerFrom);
                });
            });
            assertEquals(1000, sum.get());
        }
    }

    @Test
    void callersOfSeveralThreadsQueue() throws InterruptedException {
        try (Workers workers = new Workers(2)) {
            long[] sums = new long[4];
            Thread[] callers = new Thread[4];
            for (int c = 0; c < 4; c++) {
                int caller = c;
                callers[c] = Thread.ofVirtual().start(() -> {
                    AtomicLong sum = new AtomicLong();
                    for (int i = 0; i < 3000; i++) {
                        workers.forRange(10, 1, (from, to) -> sum.addAndGet(to - from));
                    }
                    sums[caller] = sum.get();
                });
            }
            for (Thread caller : callers) {
                caller.join();
            }
            assertArrayEquals(new long[] {30_000, 30_000, 30_000, 30_000}, sums);
        }
    }

    @Test
    void moreThreadsThanProcessorsStillFinish() {
        try (Workers workers = new Workers(4 * Runtime.getRuntime().availableProcessors())) {
            AtomicLong sum = new AtomicLong();
            for (int i = 0; i < 5000; i++) {
                workers.forRange(64, 1, (from, to) -> sum.addAndGet(to - from));
            }
            assertEquals(5000 * 64, sum.get());
        }
    }

    @Test
    void aClosedPoolLeavesTheWorkToTheCaller() {
        Workers workers = new Workers(2);
        workers.close();
        AtomicInteger done = new AtomicInteger();
        workers.forRange(100, 1, (from, to) -> done.addAndGet(to - from));
        assertEquals(100, done.get());
    }
}
