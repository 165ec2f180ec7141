package dev.heddle.core.state;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/// Which page holds which positions of which slot, for all attention layers with one window. A window gives back
/// the pages it has left.
final class PageTable {
    /// Positions in a page.
    static final int ROWS = 64;

    private final int window;
    private final Deque<Integer> free = new ArrayDeque<>();
    private int capacity;
    private int[][] pages = new int[0][];

    PageTable(int window) {
        this.window = window;
    }

    int window() {
        return window;
    }

    int[][] pages() {
        return pages;
    }

    int capacity() {
        return capacity;
    }

    void slots(int slots) {
        int old = pages.length;
        pages = Arrays.copyOf(pages, slots);
        for (int i = old; i < slots; i++) {
            pages[i] = new int[0];
        }
    }

    void grow(int newCapacity) {
        for (int page = capacity; page < newCapacity; page++) {
            free.addLast(page);
        }
        capacity = newCapacity;
    }

    /// Pages a slot would still need to hold positions up to `end`.
    int missing(int slot, long end) {
        int needed = (int) ((end + ROWS - 1) / ROWS);
        return Math.max(0, needed - pages[slot].length);
    }

    int free() {
        return free.size();
    }

    /// Gives `slot` pages up to position `end`; there must be enough free ones.
    void extend(int slot, long end) {
        int old = pages[slot].length;
        int needed = (int) ((end + ROWS - 1) / ROWS);
        if (needed > old) {
            pages[slot] = Arrays.copyOf(pages[slot], needed);
            for (int i = old; i < needed; i++) {
                pages[slot][i] = free.removeFirst();
            }
        }
    }

    /// Gives back the pages that no query from `position` on can see.
    void leave(int slot, long position, int sinks) {
        if (window == 0) {
            return;
        }
        long firstVisible = Math.max(0, position - window + 1);
        for (int i = (sinks + ROWS - 1) / ROWS; i < Math.min(firstVisible / ROWS, pages[slot].length); i++) {
            if (pages[slot][i] >= 0) {
                free.addFirst(pages[slot][i]);
                pages[slot][i] = -1;
            }
        }
    }

    void release(int slot) {
        for (int page : pages[slot]) {
            if (page >= 0) {
                free.addFirst(page);
            }
        }
        pages[slot] = new int[0];
    }

    /// Pages a slot may hold at most on its way to `positions` positions after `sinks` rows, `piece` at a time.
    long most(int sinks, long positions, int piece) {
        long all = (sinks + positions + ROWS - 1) / ROWS;
        return window == 0 ? all : Math.min(all, (sinks + ROWS - 1) / ROWS + (window + (long) piece + ROWS - 1) / ROWS + 1);
    }

    int held(int slot) {
        return (int) Arrays.stream(pages[slot]).filter(page -> page >= 0).count();
    }
}
