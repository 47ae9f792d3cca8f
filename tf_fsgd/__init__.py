"""Feed-forward StyleGAN2 distillation in TensorFlow and Keras (arXiv 2003.03581).

    import tf_fsgd

    t = tf_fsgd.load("mobile-256")
    smiling = t(face, smile=1)

docs/api.md has an example of every name. What stands behind a name is imported when it
is first asked for, because TensorFlow takes seconds to load.
"""

import importlib
from typing import TYPE_CHECKING, Any

from tf_fsgd import backend  # noqa: F401  chooses it before a module here imports Keras

if TYPE_CHECKING:
    from tf_fsgd.api import Translator as Translator
    from tf_fsgd.api import evaluate as evaluate
    from tf_fsgd.api import export as export
    from tf_fsgd.api import learn as learn
    from tf_fsgd.api import load as load
    from tf_fsgd.api import load_teacher as load_teacher
    from tf_fsgd.api import train as train
    from tf_fsgd.config import Config as Config
    from tf_fsgd.errors import UserError as UserError
    from tf_fsgd.latents.directions import load_direction as load_direction
    from tf_fsgd.presets import preset as preset

__version__ = "0.1.0"

_HOMES = {
    "load": "tf_fsgd.api",
    "Translator": "tf_fsgd.api",
    "load_teacher": "tf_fsgd.api",
    "load_direction": "tf_fsgd.latents.directions",
    "Config": "tf_fsgd.config",
    "preset": "tf_fsgd.presets",
    "train": "tf_fsgd.api",
    "learn": "tf_fsgd.api",
    "evaluate": "tf_fsgd.api",
    "export": "tf_fsgd.api",
    "UserError": "tf_fsgd.errors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value  # so that this function is not asked again
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
