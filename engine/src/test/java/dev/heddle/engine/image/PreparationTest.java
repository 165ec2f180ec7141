package dev.heddle.engine.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.core.model.ImageBatch;
import dev.heddle.core.spec.ImageModelSpec;
import dev.heddle.core.spec.ImageModelSpec.Preprocessing;
import dev.heddle.core.spec.ImageModelSpec.Preprocessing.Interpolation;
import dev.heddle.core.spec.NormSpec;
import dev.heddle.core.spec.PatchBackboneSpec;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Scaling and cutting against squares that Pillow made (tools/oracle/image_preprocessing.py): to the bit for PNG; decoders
/// of JPEG may round their transforms differently.
class PreparationTest {
    record Case(Path image, int size, Preprocessing how, Path expected) {
        @Override
        public String toString() {
            return image.getFileName() + " to " + size + " of " + how.scaledSize(size) + ", " + how.interpolation();
        }
    }

    static Stream<Case> cases() throws IOException {
        Path folder = Path.of(System.getProperty("heddle.repository"), "testdata/images");
        List<Case> cases = new ArrayList<>();
        for (JsonNode entry : new ObjectMapper().readTree(folder.resolve("cases.json").toFile())) {
            Interpolation interpolation = Interpolation.valueOf(entry.get("interpolation").asText().toUpperCase(Locale.ROOT));
            cases.add(new Case(folder.resolve(entry.get("image").asText()), entry.get("size").asInt(),
                    new Preprocessing(entry.get("crop").asDouble(), interpolation, Preprocessing.IMAGENET_MEAN,
                            Preprocessing.IMAGENET_DEVIATION), folder.resolve(entry.get("expected").asText())));
        }
        assertTrue(cases.size() > 10);
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void squaresArePillows(Case one) {
        Picture expected = PictureFile.read(one.expected());
        Picture actual = Preparation.square(PictureFile.read(one.image()), one.size(), one.how());
        assertEquals(expected.width(), actual.width());
        assertEquals(expected.height(), actual.height());
        boolean exact = !one.image().toString().endsWith(".jpg");
        int sum = 0;
        for (int i = 0; i < expected.rgb().length; i++) {
            int difference = Math.abs((expected.rgb()[i] & 0xff) - (actual.rgb()[i] & 0xff));
            assertTrue(difference <= (exact ? 0 : 3), "byte " + i + " differs by " + difference);
            sum += difference;
        }
        assertTrue(sum <= 0.5 * expected.rgb().length, "mean difference " + (double) sum / expected.rgb().length);
    }

    private static ImageModelSpec spec(int channels) {
        return new ImageModelSpec("test", "test", channels, 2, 3, new PatchBackboneSpec(1, 1, 4, PatchBackboneSpec.ClassToken.NONE,
                true, List.of(), NormSpec.NONE), new Preprocessing(1, Interpolation.BICUBIC, List.of(0.5, 0.25, 0.0).subList(0, channels),
                        List.of(0.5, 0.25, 1.0).subList(0, channels)));
    }

    @Test
    void channelsAreNormalisedOneAfterTheOther() {
        Picture picture = new Picture(2, 2, new byte[] {(byte) 255, 0, 51, 0, (byte) 255, 51, (byte) 255, 0, 51, 0, (byte) 255, 51});
        ImageBatch batch = Preparation.prepare(picture, spec(3));
        float[] expected = {1, -1, 1, -1, -1, 3, -1, 3, 0.2f, 0.2f, 0.2f, 0.2f};
        assertEquals(Arrays.toString(expected), Arrays.toString(batch.pixels()));
        assertThrows(IllegalArgumentException.class, () -> Preparation.prepare(picture, spec(1)));
    }

    /// Grey is not brightened by a colour profile, and 16 bits become their upper 8.
    @Test
    void samplesAreTakenAsStored(@TempDir Path folder) throws IOException {
        BufferedImage deep = new BufferedImage(3, 2, BufferedImage.TYPE_USHORT_GRAY);
        for (int i = 0; i < 6; i++) {
            deep.getRaster().setSample(i % 3, i / 3, 0, i * 9000 + 123);
        }
        Path file = folder.resolve("deep.png");
        ImageIO.write(deep, "png", file.toFile());
        Picture picture = PictureFile.read(file);
        for (int i = 0; i < 6; i++) {
            for (int c = 0; c < 3; c++) {
                assertEquals(i * 9000 + 123 >> 8, picture.at(i % 3, i / 3, c));
            }
        }
    }

    @Test
    void whatIsNoPictureIsOneClearError(@TempDir Path folder) throws IOException {
        assertError(folder.resolve("missing.png"), "no such file");
        assertError(folder, "no such file");
        assertError(Files.writeString(folder.resolve("text.png"), "not a picture"), "no picture in a known format");
        assertError(Files.write(folder.resolve("empty.jpg"), new byte[0]), "no picture in a known format");
        byte[] png = png();
        assertError(Files.write(folder.resolve("cut.png"), Arrays.copyOf(png, png.length / 2)), "cannot be read as a picture");
        byte[] huge = png.clone();
        for (int i = 16; i < 24; i++) {
            huge[i] = 0x7f; // width and height in the header
        }
        assertError(Files.write(folder.resolve("huge.png"), huge), "");
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 300; round++) {
            byte[] damaged = png.clone();
            for (int i = 0; i < 4; i++) {
                damaged[8 + random.nextInt(png.length - 8)] = (byte) random.nextInt();
            }
            Path file = Files.write(folder.resolve("damaged.png"), damaged);
            try {
                PictureFile.read(file);
            } catch (IllegalArgumentException e) {
                assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
            }
        }
    }

    private static byte[] png() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BufferedImage image = new BufferedImage(20, 10, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < 200; i++) {
            image.setRGB(i % 20, i / 20, i * 77777);
        }
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    private static void assertError(Path file, String part) {
        String message = assertThrows(IllegalArgumentException.class, () -> PictureFile.read(file)).getMessage();
        assertTrue(message.startsWith(file + ": ") && message.contains(part), message);
    }
}
