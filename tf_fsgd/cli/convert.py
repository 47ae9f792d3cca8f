"""`python -m tf_fsgd convert in.pkl out.keras`: a checkpoint as a Keras model."""

import argparse
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint
from tf_fsgd.stylegan2.checkpoints.converted import write_keras
from tf_fsgd.stylegan2.checkpoints.named import resolve
from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint

_NO_PARAMETER = ("/noise", "w_avg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "source",
        help="a .pkl of NVIDIA's, a .pt of rosinality's, or a name such as "
        "stylegan2-ffhq-config-e",
    )
    parser.add_argument("out", type=Path, help="where to write it, x.keras")


def run(arguments: argparse.Namespace) -> None:
    """Reads a checkpoint, prints what it is, and writes it for Keras.

    Raises:
        UserError: If it is no StyleGAN2 checkpoint, or the output is not `.keras`.
    """
    if arguments.out.suffix != ".keras":  # before anything is downloaded
        raise UserError(f"out must end in .keras, received {arguments.out}")
    source = resolve(arguments.source)
    checkpoint = read_checkpoint(source)
    print(f"{source}: {checkpoint.format}")
    print(describe(checkpoint))
    write_keras(checkpoint, arguments.out)
    print(arguments.out)


def describe(checkpoint: Checkpoint) -> str:
    """Sizes of a checkpoint, one line each, for people."""
    sizes = checkpoint.architecture
    clamp = "" if sizes.conv_clamp is None else f", clamped to {sizes.conv_clamp:g}"
    lines = {
        "resolution": f"{sizes.resolution} px",
        "channels": " ".join(map(str, sizes.channels)) + f" from 4x4 up{clamp}",
        "filter": " ".join(f"{tap:g}" for tap in sizes.resample_filter),
        "mapping": f"{sizes.mapping_layers} layers, "
        f"z {sizes.z_dim}, w {sizes.w_dim}, {sizes.num_ws} rows of W+",
        "generator": f"{_parameters(checkpoint.mapping | checkpoint.synthesis):,} "
        "parameters",
        "discriminator": f"{_parameters(checkpoint.discriminator):,} parameters"
        if checkpoint.discriminator
        else "none",
    }
    return "\n".join(f"  {name:14}{line}" for name, line in lines.items())


def _parameters(weights: dict) -> int:
    return sum(
        array.size
        for name, array in weights.items()
        if not name.endswith(_NO_PARAMETER)
    )
