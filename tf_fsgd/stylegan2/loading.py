"""How to come by a teacher: by name, or from a checkpoint."""

import logging
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints.converted import converted
from tf_fsgd.stylegan2.checkpoints.named import NAMED, resolve
from tf_fsgd.stylegan2.mobile_teacher import MobileTeacher
from tf_fsgd.stylegan2.model import StyleGAN2
from tf_fsgd.stylegan2.stylegan2_teacher import StyleGAN2Teacher, read_model
from tf_fsgd.stylegan2.teacher import Teacher

_logger = logging.getLogger(__name__)


def load_teacher(name: str = MobileTeacher.name, dtype: str | None = None) -> Teacher:
    """Loads a teacher.

    Args:
        name: `mobile-ffhq`, the name of a published checkpoint (`named.NAMED`), or a
            file: a foreign checkpoint, which is converted once and cached by its hash,
            or a converted one (`.keras`).
        dtype: Keras policy of the synthesis network; what the machine does fastest if
            `None`.

    Raises:
        UserError: If there is no such teacher, or its weights cannot be had or read.
    """
    if name == MobileTeacher.name:
        return MobileTeacher(dtype)
    if name not in NAMED and not Path(name).is_file():
        raise UserError(
            f"teacher must be {MobileTeacher.name}, an existing file, or a published "
            f"name such as {', '.join(list(NAMED)[:3])}; received {name!r}"
        )
    return StyleGAN2Teacher(_model(resolve(name)), dtype)


def _model(path: Path) -> StyleGAN2:
    if path.suffix == ".keras":
        return read_model(path)
    cached = converted(path)
    try:
        return read_model(cached)
    except UserError as error:
        # Whole, but written by a version with other layers, of ours or of Keras.
        _logger.warning("%s; %s is converted again", error, path)
        cached.unlink(missing_ok=True)
        return read_model(converted(path))
