"""Writes core/src/test/resources/dev/heddle/core/tensor/TYPE.bin: random blocks of every quantized type, then the
values that gguf-py (of llama.cpp; needs numpy) reads in them, as f32.

    PYTHONPATH=llama.cpp/gguf-py python tools/oracle/make_quantized_blocks.py core/src/test/resources/dev/heddle/core/tensor
"""
import sys

import numpy
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# where a block's half-precision scales lie
SCALES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q3_K": [108], "Q4_K": [0, 2],
          "Q5_K": [0, 2], "Q6_K": [208]}
random = numpy.random.default_rng(5)
for name, scales in SCALES.items():
    kind = GGMLQuantizationType[name]
    elements, size = GGML_QUANT_SIZES[kind]
    count = 1024 // elements + 2
    blocks = random.integers(0, 256, (count, size), dtype=numpy.uint8)
    for at in scales:
        d = random.normal(size=count) * 10.0 ** random.integers(-7, 3, count)  # subnormal halves among them
        d[0] = 0
        blocks[:, at:at + 2] = d.astype(numpy.float16).view(numpy.uint8).reshape(count, 2)
    values = dequantize(blocks, kind).astype(numpy.float32)
    with open(f"{sys.argv[1]}/{name}.bin", "wb") as file:
        file.write(blocks.tobytes())
        file.write(values.tobytes())
