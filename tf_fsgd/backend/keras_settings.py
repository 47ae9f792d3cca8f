"""Keras as the networks need it, whatever the user has set for other work.

Keras takes its defaults from the variable KERAS_BACKEND and from `keras.json` beside
its cache. A layer that is built with other ones than these fails, or learns something
else. Every package of networks imports this module before its own; the backend has to
be chosen earlier still, in `tf_fsgd/backend/__init__.py`, before anybody imports Keras.
"""

import json
import os
from pathlib import Path

import keras

from tf_fsgd.backend import USERS_BACKEND
from tf_fsgd.backend.quiet import say

NEEDED = {
    "backend": "tensorflow",
    "image_data_format": "channels_last",
    "floatx": "float32",
    "epsilon": 1e-7,
}
"""As `keras.json` names them."""


def keras_home() -> Path:
    """Where Keras keeps its settings and downloads: `$KERAS_HOME`, else `~/.keras`.

    Without a home folder there is nothing at that path.
    """
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras")))


def settle() -> None:
    """Gives Keras the settings of `NEEDED`, and says so if it had others.

    Raises:
        ImportError: If Keras was imported earlier, with another backend.
    """
    found = {
        "backend": USERS_BACKEND or _backend_of_file(),
        "image_data_format": keras.config.image_data_format(),
        "floatx": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
    }
    if keras.config.backend() != NEEDED["backend"]:
        raise ImportError(
            f"tf_fsgd needs Keras with the backend {NEEDED['backend']}, and it was "
            f"imported with {keras.config.backend()}; import tf_fsgd before Keras"
        )
    keras.config.set_image_data_format(NEEDED["image_data_format"])
    keras.config.set_floatx(NEEDED["floatx"])
    keras.config.set_epsilon(NEEDED["epsilon"])
    changed = [
        f"{name} {needed} (not {found[name]})"
        for name, needed in NEEDED.items()
        if found[name] != needed
    ]
    if changed:
        say(f"note: Keras has {', '.join(changed)} here, whatever its own settings")


def _backend_of_file() -> str:
    """The backend that `keras.json` names; Keras passes over one that is no JSON."""
    try:
        settings = json.loads((keras_home() / "keras.json").read_bytes())
    except (OSError, ValueError):
        settings = {}
    return settings.get("backend", NEEDED["backend"])


settle()
