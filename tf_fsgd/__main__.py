"""StyleGAN2 faces, edits of faces, and the translators that train.py makes."""

import argparse
import importlib
import os
import sys
from typing import NamedTuple

from tf_fsgd import __version__
from tf_fsgd.backend.quiet import output_to
from tf_fsgd.errors import guarded

# TensorFlow reads this when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

EXAMPLES = """examples:
  python -m tf_fsgd sample --seeds 0-8 --out faces.png
  python -m tf_fsgd morph --seeds 3,17,42 --out morph.gif
  python -m tf_fsgd express --seed 7 --edit smile --out smile.gif
  python -m tf_fsgd mix --rows 1-4 --cols 5-8 --teacher stylegan2-ffhq-config-e.pkl

python -m tf_fsgd VERB --help lists what a verb takes; python train.py is the main job.
"""


class Verb(NamedTuple):
    """A command.

    Attributes:
        module: Has its `add_arguments` and `run`.
        summary: What it does, in a few words.
        resumes: Whether it goes on where it was stopped.
    """

    module: str
    summary: str
    resumes: bool = False


# In the order in which a newcomer meets them.
VERBS = {
    "convert": Verb(
        "tf_fsgd.cli.convert",
        "turn a StyleGAN2 checkpoint into a .keras file",
    ),
    "sample": Verb("tf_fsgd.cli.sample", "draw a sheet of faces"),
    "morph": Verb("tf_fsgd.cli.morph", "turn faces into one another"),
    "mix": Verb("tf_fsgd.cli.mix", "mix the styles of faces"),
    "express": Verb("tf_fsgd.cli.express", "give faces an expression, by degrees"),
    "project": Verb(
        "tf_fsgd.cli.project", "find the latent of a real face", resumes=True
    ),
    "directions": Verb(
        "tf_fsgd.cli.directions",
        "find edits in W, and measure them",
        resumes=True,
    ),
    "purity": Verb("tf_fsgd.cli.purity", "measure what each edit does besides"),
    "attributes": Verb(
        "tf_fsgd.cli.attributes", "train, test or use the face classifier"
    ),
    "translate": Verb("tf_fsgd.cli.translate", "edit the faces of photos and videos"),
    "sliders": Verb("tf_fsgd.cli.sliders", "show every edit of some aligned photos"),
    "ship": Verb("tf_fsgd.cli.ship", "keep a run's translator with the package"),
    "evaluate": Verb("tf_fsgd.cli.evaluate", "measure a finished run again"),
}


def main() -> int:
    """Parses the command line and runs the verb."""
    asked = next((word for word in sys.argv[1:] if word in VERBS), None)
    return guarded(_run, asked, resumes=asked is not None and VERBS[asked].resumes)


def _run(asked: str | None) -> int | None:
    parser = argparse.ArgumentParser(
        prog="python -m tf_fsgd",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=__version__)
    verbs = parser.add_subparsers(
        title="verbs", dest="verb", required=True, metavar="VERB"
    )
    # Only the verb that was asked for is imported: TensorFlow takes seconds to load.
    for name, verb in VERBS.items():
        verb_parser = verbs.add_parser(
            name, help=verb.summary, description=_capitalised(verb.summary)
        )
        if name == asked:
            with output_to(os.devnull):  # TensorFlow greets from C++
                loaded = importlib.import_module(verb.module)
            loaded.add_arguments(verb_parser)
    arguments = parser.parse_args()
    return importlib.import_module(VERBS[arguments.verb].module).run(arguments)


def _capitalised(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


if __name__ == "__main__":
    sys.exit(main())
