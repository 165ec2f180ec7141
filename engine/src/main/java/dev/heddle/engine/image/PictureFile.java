package dev.heddle.engine.image;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/// Reads pictures with the JDK: PNG, JPEG, GIF, BMP. Samples are taken as they are stored, without colour management, as
/// image models are trained: grey counts three times, transparency is dropped, of 16 bits the upper 8 are kept.
public final class PictureFile {
    /// More pixels than any photograph has; a few bytes can claim as many as fit no memory.
    private static final long MOST_PIXELS = 1L << 27;

    private PictureFile() {
    }

    /// @throws IllegalArgumentException if there is no such file, or it holds no picture the JDK can read
    public static Picture read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": no such file");
        }
        try (ImageInputStream in = new MemoryCacheImageInputStream(Files.newInputStream(file))) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
            if (!readers.hasNext()) {
                throw new IllegalArgumentException(file + ": no picture in a known format (PNG, JPEG, GIF, BMP)");
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(in, true, true);
                long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
                if (pixels > MOST_PIXELS) {
                    throw new IllegalArgumentException(file + ": " + reader.getWidth(0) + " × " + reader.getHeight(0)
                            + " pixels, more than the " + MOST_PIXELS + " Heddle reads");
                }
                return of(reader.read(0));
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) {
            if (e instanceof IllegalArgumentException known && String.valueOf(known.getMessage()).startsWith(file.toString())) {
                throw known;
            }
            // the JDK's readers throw unchecked exceptions at damaged files, too
            throw new IllegalArgumentException(file + ": cannot be read as a picture (" + e.getMessage() + ")", e);
        }
    }

    static Picture of(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        if (image.getColorModel() instanceof IndexColorModel) {
            for (int i = 0; i < width * height; i++) {
                int colour = image.getRGB(i % width, i / width);
                rgb[3 * i] = (byte) (colour >> 16);
                rgb[3 * i + 1] = (byte) (colour >> 8);
                rgb[3 * i + 2] = (byte) colour;
            }
            return new Picture(width, height, rgb);
        }
        Raster raster = image.getRaster();
        ColorModel colours = image.getColorModel();
        boolean grey = colours.getNumColorComponents() == 1;
        int[] row = new int[width * raster.getNumBands()];
        for (int y = 0; y < height; y++) {
            raster.getPixels(0, y, width, 1, row);
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < 3; c++) {
                    int band = grey ? 0 : c;
                    rgb[(y * width + x) * 3 + c] = toByte(row[x * raster.getNumBands() + band], colours.getComponentSize(band));
                }
            }
        }
        return new Picture(width, height, rgb);
    }

    private static byte toByte(int sample, int bits) {
        return (byte) (bits >= 8 ? sample >> (bits - 8) : sample * 255 / ((1 << bits) - 1));
    }
}
