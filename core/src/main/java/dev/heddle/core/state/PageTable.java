package dev.heddle.core.state;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/// Which page holds which positions of which slot, for all attention layers with one window. A window gives back
/// the pages it has left. Sequences and kept states share pages: one is free when nobody refers to it, and whoever writes
/// into a shared one first takes a page of its own.
final class PageTable {
    /// Positions in a page.
    static final int ROWS = 64;

    private final int window;
    private final Deque<Integer> free = new ArrayDeque<>();
    private int capacity;
    private int[][] pages = new int[0][];
    /// Who refers to each page, kept states included.
    private int[] references = new int[0];
    /// How many of them are kept states.
    private int[] keepers = new int[0];
    private int keptPages;

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
        references = Arrays.copyOf(references, newCapacity);
        keepers = Arrays.copyOf(keepers, newCapacity);
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
                pages[slot][i] = take();
            }
        }
    }

    private int take() {
        int page = free.removeFirst();
        references[page] = 1;
        return page;
    }

    private void drop(int page) {
        if (--references[page] == 0) {
            free.addFirst(page);
        }
    }

    /// Whether writing from `position` on would change a page that others see.
    boolean isShared(int slot, long position) {
        int index = (int) (position / ROWS);
        return position % ROWS != 0 && index < pages[slot].length && pages[slot][index] >= 0
                && references[pages[slot][index]] > 1;
    }

    /// Gives `slot` a page of its own in place of the shared one that holds `position`, and returns the shared one; there
    /// must be a free page.
    int part(int slot, long position) {
        int index = (int) (position / ROWS);
        int shared = pages[slot][index];
        pages[slot][index] = take();
        drop(shared);
        return shared;
    }

    /// Lets `slot`, which holds none, refer to these pages.
    void adopt(int slot, int[] shared) {
        pages[slot] = shared.clone();
        for (int page : shared) {
            if (page >= 0) {
                references[page]++;
            }
        }
    }

    /// The pages of `slot`, kept until [#forget].
    int[] keep(int slot) {
        int[] kept = pages[slot].clone();
        for (int page : kept) {
            if (page >= 0) {
                references[page]++;
                if (keepers[page]++ == 0) {
                    keptPages++;
                }
            }
        }
        return kept;
    }

    void forget(int[] kept) {
        for (int page : kept) {
            if (page >= 0) {
                if (--keepers[page] == 0) {
                    keptPages--;
                }
                drop(page);
            }
        }
    }

    /// Pages that kept states refer to, each counted once.
    int keptPages() {
        return keptPages;
    }

    /// Gives back the pages that no query from `position` on can see.
    void leave(int slot, long position, int sinks) {
        if (window == 0) {
            return;
        }
        long firstVisible = Math.max(0, position - window + 1);
        for (int i = (sinks + ROWS - 1) / ROWS; i < Math.min(firstVisible / ROWS, pages[slot].length); i++) {
            if (pages[slot][i] >= 0) {
                drop(pages[slot][i]);
                pages[slot][i] = -1;
            }
        }
    }

    void release(int slot) {
        for (int page : pages[slot]) {
            if (page >= 0) {
                drop(page);
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
