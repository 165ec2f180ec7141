package dev.heddle.engine.image;

import dev.heddle.core.spec.ImageModelSpec.Preprocessing.Interpolation;

/// Scales pictures the way Pillow does, to the bit: each output pixel is a weighted mean of the input pixels around its
/// centre, first along rows, then along columns, each rounded to 8 bits. The kernel is as wide as a reduction demands, so
/// that nothing aliases.
///
/// Bilinear: 1 − |x|. Bicubic (Keys 1981, a = −½): (a+2)|x|³ − (a+3)|x|² + 1 up to 1, a|x|³ − 5a|x|² + 8a|x| − 4a up to 2.
public final class Resampling {
    /// Fractional bits of the weights: 8-bit values, sums that may overshoot by a factor of two, and a sign leave 22.
    private static final int PRECISION = 22;

    private Resampling() {
    }

    public static Picture resize(Picture picture, int width, int height, Interpolation interpolation) {
        Picture wide = width == picture.width() ? picture : alongRows(picture, width, interpolation);
        return height == wide.height() ? wide : alongColumns(wide, height, interpolation);
    }

    /// Weights of one output pixel for the input pixels from `first` on, as whole numbers of 2^−22.
    private record Window(int first, int[] weights) {
        static Window of(int index, int inputs, int outputs, Interpolation interpolation) {
            double scale = (double) inputs / outputs;
            double stretch = Math.max(scale, 1);
            double support = stretch * switch (interpolation) {
                case BILINEAR -> 1;
                case BICUBIC -> 2;
            };
            double centre = (index + 0.5) * scale;
            int first = Math.max(0, (int) (centre - support + 0.5));
            int last = Math.min(inputs, (int) (centre + support + 0.5));
            double narrow = 1 / stretch;
            double[] exact = new double[last - first];
            double sum = 0;
            for (int k = 0; k < exact.length; k++) {
                exact[k] = kernel(interpolation, (k + first - centre + 0.5) * narrow);
                sum += exact[k];
            }
            int[] weights = new int[exact.length];
            for (int k = 0; k < exact.length; k++) {
                weights[k] = (int) Math.round(exact[k] * (1 / sum) * (1 << PRECISION));
            }
            return new Window(first, weights);
        }

        private static double kernel(Interpolation interpolation, double at) {
            double x = Math.abs(at);
            return switch (interpolation) {
                case BILINEAR -> Math.max(0, 1 - x);
                case BICUBIC -> x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
            };
        }

        /// @param from index of the first byte the window may see
        /// @param step bytes from one input pixel to the next
        byte apply(byte[] values, int from, int step) {
            int sum = 1 << (PRECISION - 1);
            for (int k = 0; k < weights.length; k++) {
                sum += (values[from + (first + k) * step] & 0xff) * weights[k];
            }
            return (byte) Math.clamp(sum >> PRECISION, 0, 255);
        }
    }

    private static Window[] windows(int inputs, int outputs, Interpolation interpolation) {
        Window[] windows = new Window[outputs];
        for (int i = 0; i < outputs; i++) {
            windows[i] = Window.of(i, inputs, outputs, interpolation);
        }
        return windows;
    }

    private static Picture alongRows(Picture picture, int width, Interpolation interpolation) {
        Window[] windows = windows(picture.width(), width, interpolation);
        byte[] rgb = new byte[Math.multiplyExact(3 * width, picture.height())];
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < 3; c++) {
                    rgb[(y * width + x) * 3 + c] = windows[x].apply(picture.rgb(), y * picture.width() * 3 + c, 3);
                }
            }
        }
        return new Picture(width, picture.height(), rgb);
    }

    private static Picture alongColumns(Picture picture, int height, Interpolation interpolation) {
        Window[] windows = windows(picture.height(), height, interpolation);
        int row = 3 * picture.width();
        byte[] rgb = new byte[Math.multiplyExact(row, height)];
        for (int y = 0; y < height; y++) {
            for (int i = 0; i < row; i++) {
                rgb[y * row + i] = windows[y].apply(picture.rgb(), i, row);
            }
        }
        return new Picture(picture.width(), height, rgb);
    }
}
