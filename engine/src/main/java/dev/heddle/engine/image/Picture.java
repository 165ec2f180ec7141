package dev.heddle.engine.image;

import java.util.Arrays;

/// A picture of 8-bit red, green and blue, row by row from the top left.
///
/// @param rgb [height·width·3]
public record Picture(int width, int height, byte[] rgb) {
    public Picture {
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException(rgb.length + " bytes for a picture of " + width + " × " + height);
        }
    }

    /// A colour channel's value, 0 to 255.
    public int at(int x, int y, int channel) {
        return rgb[(y * width + x) * 3 + channel] & 0xff;
    }

    /// The stretch of `width` × `height` pixels that begins at (x, y).
    public Picture crop(int x, int y, int width, int height) {
        if (x < 0 || y < 0 || width > this.width - x || height > this.height - y) {
            throw new IllegalArgumentException(width + " × " + height + " pixels at " + x + ", " + y + " of a picture of "
                    + this.width + " × " + this.height);
        }
        byte[] cut = new byte[3 * width * height];
        for (int row = 0; row < height; row++) {
            System.arraycopy(rgb, ((y + row) * this.width + x) * 3, cut, row * width * 3, width * 3);
        }
        return new Picture(width, height, cut);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Picture picture && width == picture.width && height == picture.height
                && Arrays.equals(rgb, picture.rgb);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(rgb);
    }

    @Override
    public String toString() {
        return "picture of " + width + " × " + height;
    }
}
