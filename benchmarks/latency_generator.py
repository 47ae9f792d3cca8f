"""A worker of `latency.py`: pix2pixHD's generator of this project as .tflite files.

python -m benchmarks.latency_generator config.json DIR fp32 int8

The weights are those that `latency_reference.py` starts with, so that both translate
an image to the same image.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.train_step_ours import start
from tf_fsgd.config import Config
from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.exporting.tflite import convert
from tf_fsgd.pix2pixhd.blend import with_strength
from tf_fsgd.pix2pixhd.generator import global_generator
from tf_fsgd.translator.translator import Translator


def main(config: str, folder: str, *precisions: str) -> None:
    config = Config.load(config)
    resolution = config.pairs.resolution
    network = global_generator(config.generator, resolution)
    start(network.layers)
    network = with_strength(network, resolution, 1.0)
    servable = Servable(
        Translator("pix2pixHD", network, resolution, ("edit",), {"edit": 1.0})
    )
    for precision in precisions:
        Path(folder, f"{precision}.tflite").write_bytes(convert(servable, precision))


if __name__ == "__main__":
    main(*sys.argv[1:])
