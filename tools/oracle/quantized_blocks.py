"""Golden blocks for BlockEncoderTest: numbers of several distributions, and what ggml's ggml_quantize_chunk makes of them.

usage: LLAMA_CPP=build-folder python3 tools/oracle/quantized_blocks.py [rows] [folder]
"""
import ctypes
import os
import sys

import numpy as np

# name: ggml's number of the type, numbers and bytes of a block
TYPES = {"q4_0": (2, 32, 18), "q4_1": (3, 32, 20), "q5_0": (6, 32, 22), "q5_1": (7, 32, 24), "q8_0": (8, 32, 34),
         "q3_K": (11, 256, 110), "q4_K": (12, 256, 144), "q5_K": (13, 256, 176), "q6_K": (14, 256, 210)}


def row(i, random):
    match i % 8:
        case 0:
            return random.standard_normal(256) * 0.02
        case 1:
            return random.standard_t(3, 256) * 0.05
        case 2:
            return random.uniform(-1, 1, 256)
        case 3:
            return random.uniform(0.1, 3, 256)
        case 4:
            return -random.exponential(1, 256)
        case 5:
            return random.standard_normal(256) * np.repeat(np.exp2(random.integers(-20, 10, 8)), 32)
        case 6:
            return np.where(random.random(256) < 0.8, 0, random.standard_normal(256))
        case _:
            return [np.zeros(256), np.full(256, 0.37), np.full(256, -0.37), random.standard_normal(256) * 1e-9,
                    np.round(random.standard_normal(256) * 4) / 8][i // 8 % 5]


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    folder = sys.argv[2] if len(sys.argv) > 2 else "testdata/quantize"
    library = ctypes.CDLL(os.path.join(os.environ["LLAMA_CPP"], "bin", "libggml-base.so"))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64,
                                            ctypes.c_int64, ctypes.c_void_p]
    random = np.random.default_rng(7)
    x = np.concatenate([row(i, random) for i in range(rows)]).astype("<f4")
    x.tofile(os.path.join(folder, "input.f32"))
    for name, (number, elements, size) in TYPES.items():
        blocks = np.zeros(x.size // elements * size, np.uint8)
        written = library.ggml_quantize_chunk(number, x.ctypes.data, blocks.ctypes.data, 0, 1, x.size, None)
        assert written == blocks.size
        blocks.tofile(os.path.join(folder, name + ".bin"))


main()
