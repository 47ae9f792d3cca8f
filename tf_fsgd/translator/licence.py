"""What the weights of a run derive from, and so on what terms they are.

By its config: the teacher, the directions, pairs of the user's own, and the networks
that chose among them or took part in a loss.
"""

from collections.abc import Iterator
from pathlib import Path

from tf_fsgd.config import Config
from tf_fsgd.edits import EDITS


def licence_of(config: Config) -> str:
    """The terms of a run's weights, in a line."""
    sources = dict(_sources(config))
    if bound := [source for source, is_bound in sources.items() if is_bound]:
        return f"non-commercial research only: derived from {', '.join(bound)}"
    return f"that of what it was made with: {', '.join(sources)}"


def _sources(config: Config) -> Iterator[tuple[str, bool]]:
    """What weights derive from, and whether that is for non-commercial use only."""
    pairs, loss, start = config.pairs, config.loss, config.training.start_from
    teacher = config.teacher.checkpoint
    if pairs.folder:
        yield f"the pairs of {Path(pairs.folder).name}", False
    else:
        if Path(teacher).suffix:
            yield f"the teacher {Path(teacher).name}", False
        else:
            yield f"the teacher {teacher} (FFHQ or NVIDIA's terms)", True
        for edit in config.edits if config.generator.faces == 1 else ():
            if edit in EDITS:
                yield "shipped directions (FFHQ, CelebA)", True
            else:
                yield f"the direction {Path(edit).name}", False
    # "auto" is one of the two, whichever was at hand.
    network = loss.perceptual_network if loss.perceptual else ""
    if network in ("vgg19", "auto"):
        yield "VGG19 (ImageNet)", False
    if network == "lpips":
        yield "SqueezeNet (ImageNet)", False
    if config.choice == "certain" or network not in ("vgg19", "lpips", ""):
        yield "the attribute classifier (CelebA, unless yours is in its place)", True
    if start and Path(start, "config.json").is_file():
        yield from _sources(Config.load(Path(start, "config.json")))
    elif start:
        yield f"the translator {Path(start).name}", not Path(start).is_absolute()
