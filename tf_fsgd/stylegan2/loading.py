"""How to come by a teacher: by name, or from a checkpoint."""

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.mobile_teacher import MobileTeacher
from tf_fsgd.stylegan2.teacher import Teacher

TEACHER_HELP = "mobile-ffhq (%(default)s)"
"""Help text of every `--teacher`."""


def load_teacher(name: str = MobileTeacher.name, dtype: str | None = None) -> Teacher:
    """Loads a teacher.

    Args:
        name: `mobile-ffhq`.
        dtype: Keras policy of the synthesis network; what the CPU does fastest if
            `None`.

    Raises:
        UserError: If there is no such teacher, or its weights cannot be had or read.
    """
    if name == MobileTeacher.name:
        return MobileTeacher(dtype)
    raise UserError(f"--teacher must be {MobileTeacher.name}, received {name!r}")
