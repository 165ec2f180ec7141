"""Pictures and what Pillow makes of them: the expected squares of PreparationTest.

    pip install pillow numpy
    python3 tools/oracle/image_preprocessing.py testdata/images

Scaling is Pillow's own; the sizes and the cut are those of torchvision's Resize(int) and CenterCrop, which
evaluation scripts of image models compose: the shorter side becomes floor(size / crop), the longer one is cut to
a whole number, and the middle begins at the rounded half of what is left over.
"""
import json
import math
import pathlib
import sys

import numpy
from PIL import Image

FILTERS = {"bicubic": Image.BICUBIC, "bilinear": Image.BILINEAR}


def scene(width, height, seed):
    """Gradients, hard edges, a fine grid that would alias, and noise."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    red = 255 * x / max(1, width - 1)
    green = numpy.where((x // 7 + y // 5) % 2 == 0, 230, 20)
    blue = 127 + 120 * numpy.sin(1.9 * x) * numpy.cos(2.3 * y)
    picture = numpy.stack([red, green, blue], axis=-1) + random.normal(0, 12, (height, width, 3))
    return numpy.clip(picture, 0, 255).astype(numpy.uint8)


def square(picture, size, crop, interpolation):
    scaled = math.floor(size / crop)
    width, height = picture.size
    if width <= height:
        new = (scaled, int(scaled * height / width))
    else:
        new = (int(scaled * width / height), scaled)
    if new != picture.size:
        picture = picture.resize(new, FILTERS[interpolation])
    left, top = int(round((new[0] - size) / 2.0)), int(round((new[1] - size) / 2.0))
    return picture.crop((left, top, left + size, top + size))


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rgb = Image.fromarray(scene(97, 61, 1))
    tall = Image.fromarray(scene(33, 120, 2))
    alpha = rgb.resize((40, 50)).convert("RGBA")
    alpha.putalpha(Image.fromarray(scene(40, 50, 3)[:, :, 1]))
    sources = {
        "wide.png": rgb,
        "tall.png": tall,
        "square.png": Image.fromarray(scene(64, 64, 4)),
        "grey.png": Image.fromarray(scene(50, 41, 5)[:, :, 2], "L"),
        "palette.png": rgb.quantize(17),
        "alpha.png": alpha,
        "photo.jpg": Image.fromarray(scene(97, 61, 1) // 3 + 80).resize((200, 150), Image.BICUBIC),
        "grey.jpg": Image.fromarray(scene(50, 41, 5)[:, :, 0], "L").resize((90, 70), Image.BICUBIC),
    }
    for name, picture in sources.items():
        picture.save(folder / name, **({"quality": 95, "subsampling": 0} if name.endswith("jpg") else {"optimize": True}))
    cases = []
    for name, size, crop, interpolation in [
        ("wide.png", 32, 0.875, "bicubic"),
        ("wide.png", 32, 1.0, "bilinear"),
        ("wide.png", 61, 1.0, "bicubic"),
        ("wide.png", 96, 0.93, "bicubic"),
        ("tall.png", 24, 0.875, "bicubic"),
        ("tall.png", 40, 0.98, "bilinear"),
        ("square.png", 64, 1.0, "bicubic"),
        ("square.png", 7, 0.9, "bicubic"),
        ("grey.png", 32, 0.875, "bicubic"),
        ("palette.png", 32, 0.875, "bicubic"),
        ("alpha.png", 32, 0.875, "bicubic"),
        ("photo.jpg", 56, 0.875, "bicubic"),
        ("grey.jpg", 48, 1.0, "bicubic"),
    ]:
        expected = f"expected-{len(cases)}.png"
        square(Image.open(folder / name).convert("RGB"), size, crop, interpolation).save(folder / expected, optimize=True)
        cases.append({"image": name, "size": size, "crop": crop, "interpolation": interpolation, "expected": expected})
    (folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
