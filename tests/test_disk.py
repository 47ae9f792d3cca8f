import errno

import pytest
import tensorflow as tf

from tf_fsgd.disk import disk_errors


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (tf.errors.ResourceExhaustedError, errno.ENOSPC),
        (tf.errors.PermissionDeniedError, errno.EACCES),
    ],
)
def test_is_what_python_would_raise(error, number):
    with pytest.raises(OSError) as caught, disk_errors("runs/x"):
        raise error(None, None, "from C++")
    assert (caught.value.errno, caught.value.filename) == (number, "runs/x")


def test_other_errors_stay(tmp_path):
    with pytest.raises(tf.errors.NotFoundError), disk_errors(tmp_path):
        tf.io.read_file(str(tmp_path / "absent"))
