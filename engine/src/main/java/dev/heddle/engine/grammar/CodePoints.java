package dev.heddle.engine.grammar;

import java.util.Arrays;

/// A set of Unicode code points.
///
/// @param bounds where membership changes, ascending: from bounds[0] on they belong to it, from bounds[1] on not, and so on
record CodePoints(int[] bounds) {
    static final int END = 0x110000;
    static final CodePoints NONE = new CodePoints(new int[0]);
    static final CodePoints ALL = range(0, END - 1);
    static final CodePoints DIGITS = range('0', '9');
    static final CodePoints WORD = DIGITS.or(range('a', 'z')).or(range('A', 'Z')).or(of('_'));
    /// White space and line ends of ECMA-262.
    static final CodePoints SPACES = range(9, 13).or(of(' ')).or(of(0xA0)).or(of(0x1680)).or(range(0x2000, 0x200A))
            .or(range(0x2028, 0x2029)).or(of(0x202F)).or(of(0x205F)).or(of(0x3000)).or(of(0xFEFF));

    interface RangeVisitor {
        /// Both included.
        void range(int low, int high);
    }

    static CodePoints of(int c) {
        return range(c, c);
    }

    static CodePoints range(int low, int high) {
        return new CodePoints(new int[] {low, high + 1});
    }

    boolean contains(int c) {
        int found = Arrays.binarySearch(bounds, c);
        return found >= 0 ? found % 2 == 0 : (-found - 1) % 2 == 1;
    }

    CodePoints not() {
        if (bounds.length > 0 && bounds[0] == 0) {
            int[] without = Arrays.copyOfRange(bounds, 1, bounds.length);
            return new CodePoints(toggled(without));
        }
        int[] with = new int[bounds.length + 1];
        System.arraycopy(bounds, 0, with, 1, bounds.length);
        return new CodePoints(toggled(with));
    }

    /// With the end of all code points added or taken away, so that the bounds come in pairs.
    private static int[] toggled(int[] bounds) {
        if (bounds.length > 0 && bounds[bounds.length - 1] == END) {
            return Arrays.copyOf(bounds, bounds.length - 1);
        }
        int[] more = Arrays.copyOf(bounds, bounds.length + 1);
        more[bounds.length] = END;
        return more;
    }

    CodePoints or(CodePoints other) {
        return not().and(other.not()).not();
    }

    CodePoints minus(CodePoints other) {
        return and(other.not());
    }

    CodePoints and(CodePoints other) {
        int[] both = new int[bounds.length + other.bounds.length];
        int count = 0;
        for (int i = 0; i < bounds.length; i += 2) {
            for (int j = 0; j < other.bounds.length; j += 2) {
                int low = Math.max(bounds[i], other.bounds[j]);
                int high = Math.min(bounds[i + 1], other.bounds[j + 1]);
                if (low < high) {
                    both[count++] = low;
                    both[count++] = high;
                }
            }
        }
        return new CodePoints(Arrays.copyOf(both, count));
    }

    boolean isSingle() {
        return bounds.length == 2 && bounds[1] == bounds[0] + 1;
    }

    int first() {
        return bounds[0];
    }

    void forEach(RangeVisitor visitor) {
        for (int i = 0; i < bounds.length; i += 2) {
            visitor.range(bounds[i], bounds[i + 1] - 1);
        }
    }
}
