"""What is shipped, in Keras: `NAME.tflite` beside `NAME.json`, its facts."""

from pathlib import Path

import keras

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.blend import taking_strengths
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.settings import from_dict
from tf_fsgd.storage import flatbuffer
from tf_fsgd.storage.files import read_json
from tf_fsgd.translator.variables import read_variables

VARIABLES = "variables"
"""In the facts that a shipped .tflite holds: the places of its network's variables."""


def read_network(path: Path) -> keras.Model:
    """The Keras network of a shipped .tflite file.

    Args:
        path: The file; the facts are beside it.

    Returns:
        As `translator.Translator.model`.

    Raises:
        UserError: If the file is damaged, or is of another network than its facts say.
    """
    card = path.with_suffix(".json")
    facts = read_json(card)
    generator = from_dict(GeneratorConfig, facts["generator"], str(card))
    resolution, axes = facts["resolution"], facts["axes"]
    network = build_generator(generator, resolution, len(axes))
    model = path.read_bytes()
    try:
        places = (flatbuffer.read_facts(model) or {})[VARIABLES]
    except (ValueError, KeyError) as error:
        raise UserError(f"{path}: not a shipped translator ({error})") from None
    read_variables(network, model, places, str(path))
    return taking_strengths(network, resolution, facts["units"][axes[0]])
