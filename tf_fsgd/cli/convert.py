"""`tf-fsgd convert in.pkl out.keras`: a checkpoint as a Keras model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tf_fsgd.errors import UserError

if TYPE_CHECKING:
    from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint

_NO_PARAMETER = ("/noise", "w_avg")


def convert(
    source: Annotated[str, Parameter(name="SOURCE")],
    out: Annotated[Path, Parameter(name="OUT")],
    /,
) -> None:
    """Turns a StyleGAN2 checkpoint into a .keras file, and says what it is.

    Args:
        source: A .pkl of NVIDIA's, a .pt of rosinality's, or a name such as
            stylegan2-ffhq-config-e.
        out: Where to write it, x.keras.

    Raises:
        UserError: If it is no StyleGAN2 checkpoint, or the output is not `.keras`.
    """
    from tf_fsgd.stylegan2.checkpoints.converted import write_keras
    from tf_fsgd.stylegan2.checkpoints.named import resolve
    from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint

    if out.suffix != ".keras":  # before anything is downloaded
        raise UserError(f"out must end in .keras, received {out}")
    path = resolve(source)
    checkpoint = read_checkpoint(path)
    print(f"{path}: {checkpoint.format}")
    print(_description(checkpoint))
    write_keras(checkpoint, out)
    print(out)


def _description(checkpoint: "Checkpoint") -> str:
    sizes = checkpoint.architecture
    clamp = "" if sizes.conv_clamp is None else f", clamped to {sizes.conv_clamp:g}"
    lines = {
        "resolution": f"{sizes.resolution} px",
        "channels": " ".join(map(str, sizes.channels)) + f" from 4x4 up{clamp}",
        "filter": " ".join(f"{tap:g}" for tap in sizes.resample_filter),
        "mapping": f"{sizes.mapping_layers} layers, "
        f"z {sizes.z_dim}, w {sizes.w_dim}, {sizes.num_ws} rows of W+",
        "generator": _parameters(checkpoint.mapping | checkpoint.synthesis),
        "discriminator": _parameters(checkpoint.discriminator),
    }
    return "\n".join(f"  {name:14}{line}" for name, line in lines.items())


def _parameters(weights: dict) -> str:
    count = sum(
        array.size
        for name, array in weights.items()
        if not name.endswith(_NO_PARAMETER)
    )
    return f"{count:,} parameters" if weights else "none"
