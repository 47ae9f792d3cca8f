"""`python -m tf_fsgd VERB`: everything around the main job."""

import argparse
import importlib
import os
import sys

from tf_fsgd.errors import guarded
from tf_fsgd.quiet import output_to

# TensorFlow reads this when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

VERBS = {
    "sample": ("tf_fsgd.latents.sample_cli", "draw faces with the teacher"),
    "morph": ("tf_fsgd.latents.morph_cli", "morph faces into one another"),
    "mix": ("tf_fsgd.latents.mix_cli", "mix the styles of faces, row by row of W+"),
    "express": ("tf_fsgd.latents.express_cli", "give faces an expression, by degrees"),
    "project": (
        "tf_fsgd.latents.project_cli",
        "find the latent of an aligned photo",
    ),
    "attributes": ("tf_fsgd.attributes.cli", "train or test the face classifier"),
    "directions": (
        "tf_fsgd.latents.directions_cli",
        "find edits in W, and measure them",
    ),
    "purity": ("tf_fsgd.latents.purity_cli", "measure what each edit does besides"),
    "convert": (
        "tf_fsgd.stylegan2.convert_cli",
        "turn a StyleGAN2 checkpoint into a Keras model",
    ),
    "translate": ("tf_fsgd.training.cli", "apply a finished run to aligned photos"),
    "evaluate": ("tf_fsgd.evaluation.cli", "measure a finished run again"),
}
"""Verb: the module with its `add_arguments` and `run`, and what it does."""


def main() -> int:
    """Parses the command line and runs the verb."""
    parser = argparse.ArgumentParser(prog="python -m tf_fsgd", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    # Only the verb that was asked for is imported: TensorFlow takes seconds to load.
    asked = next((word for word in sys.argv[1:] if word in VERBS), None)
    for verb, (module, summary) in VERBS.items():
        verb_parser = verbs.add_parser(verb, help=summary, description=summary)
        if verb == asked:
            with output_to(os.devnull):  # TensorFlow greets from C++
                loaded = importlib.import_module(module)
            loaded.add_arguments(verb_parser)
    arguments = parser.parse_args()
    return guarded(importlib.import_module(VERBS[arguments.verb][0]).run, arguments)


if __name__ == "__main__":
    sys.exit(main())
