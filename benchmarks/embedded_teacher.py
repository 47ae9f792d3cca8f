"""The embedded teacher against the OpenVINO runtime on the same weights, paired.

    python -m benchmarks.embedded_teacher
    python -m benchmarks.embedded_teacher --batch 8 --rounds 5

Every way of drawing has its turn in each round, so that whatever else the machine does
meets all alike; the best round counts. CPU seconds are those of all threads. The
difference is the largest, and the PSNR the mean, against OpenVINO in float32, whose
picture is averaged for the smaller sizes (the range of a picture is 2).

The floor is the network's convolutions with nothing between them: without style,
wavelets, noise, bias and activation. OpenVINO is in requirements-dev.txt.
"""

import argparse
import os
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import openvino
from keras import ops

from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.stylegan2.checkpoints.wheel import fetch_wheel
from tf_fsgd.stylegan2.mobile import CHANNELS
from tf_fsgd.stylegan2.mobile_teacher import MobileTeacher

_PRECISIONS = {"float32": "f32", "mixed_bfloat16": "bf16"}  # Keras', OpenVINO's
_SIZES = (1024, 512, 128)

Draw = Callable[[], np.ndarray | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batch", type=int, default=1, help="faces (%(default)s)")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()

    teachers = {precision: MobileTeacher(precision) for precision in _PRECISIONS}
    w = sample_w(teachers["float32"], range(arguments.batch), 0.7)
    ways: dict[str, Draw] = {}
    for precision, teacher in teachers.items():
        ways[f"OpenVINO {precision} 1024"] = _openvino(_PRECISIONS[precision], w)
        ws = broadcast(w, teacher.num_ws)
        for size in _SIZES:
            ways[f"ours {precision} {size}"] = _ours(teacher, ws, size)
        ways[f"floor {precision}"] = _floor(precision, arguments.batch)

    pictures = {name: draw() for name, draw in ways.items()}  # traces, too
    seconds = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, draw in ways.items():
            started = time.perf_counter(), time.process_time()
            draw()
            ended = time.perf_counter(), time.process_time()
            seconds[name].append(np.subtract(ended, started) / arguments.batch)

    reference = pictures["OpenVINO float32 1024"]
    print(f"{'seconds a face':30}{'wall':>8}{'CPU':>8}{'PSNR':>8}{'difference':>12}")
    for name, picture in pictures.items():
        wall, cpu = np.min(seconds[name], axis=0)
        print(f"{name:30}{wall:8.3f}{cpu:8.3f}{_likeness(picture, reference)}")


def _openvino(precision: str, w: np.ndarray) -> Draw:
    """The graph takes one face, and w for all layers."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(fetch_wheel()) as it:
        it.extractall(folder)
        model = openvino.Core().compile_model(
            Path(folder) / "random_face" / "data" / "SynthesisNetwork.xml",
            "CPU",
            {"INFERENCE_PRECISION_HINT": precision},
        )

    def draw() -> np.ndarray:
        images = [model([w[index : index + 1]])[0] for index in range(len(w))]
        return np.concatenate(images).transpose(0, 2, 3, 1)

    return draw


def _ours(teacher: MobileTeacher, ws: np.ndarray, size: int) -> Draw:
    return lambda: teacher.synthesis(ws, resolution=size)


def _floor(dtype: str, batch: int) -> Draw:
    """The depthwise and pointwise convolutions, each pair on features of its own."""
    dtype = dtype.removeprefix("mixed_")
    stages = []
    for index, width in enumerate(CHANNELS[1:]):
        side = 8 * 2**index
        for channels in (CHANNELS[index] // 4, width):
            shapes = (
                (1, side, side, channels),
                (3, 3, channels, 1),
                (1, 1, channels, width),
            )
            stages.append([keras.random.normal(shape, dtype=dtype) for shape in shapes])

    def draw() -> None:
        for features, depthwise, pointwise in stages * batch:
            features = ops.depthwise_conv(features, depthwise, padding="same")
            ops.conv(features, pointwise)

    return draw


def _likeness(picture: np.ndarray | None, reference: np.ndarray) -> str:
    if picture is None:
        return ""
    size, factor = picture.shape[1], reference.shape[1] // picture.shape[1]
    squares = reference.reshape(-1, size, factor, size, factor, 3)
    error = np.abs(picture - squares.mean(axis=(2, 4)))
    if not error.any():
        return ""
    psnr = 10 * np.log10(4 / np.mean(error**2))
    return f"{psnr:8.1f}{error.max():12.1e}"


if __name__ == "__main__":
    main()
