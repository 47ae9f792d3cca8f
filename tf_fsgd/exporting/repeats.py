"""A second inference answers as the first of a fresh interpreter does."""

import contextlib
from collections.abc import Iterator

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tf_fsgd.exporting.errors import ExportError
from tf_fsgd.storage.archives import one_line

_TOLERANCE = 1e-6  # of the largest output


def check_repeats(model: bytes) -> None:
    """Runs a model twice, on different inputs, and each input on a fresh interpreter.

    Some back-ends are right on the first call only (LiteRT#8065), and a plan of memory
    in which two tensors overlap shows the same way.

    Args:
        model: The contents of a .tflite file, of float inputs.

    Raises:
        ExportError: If LiteRT does not run it, if the same interpreter and a fresh one
            differ, if an output is not finite, or if the input makes no difference to
            it.
    """
    reused = _interpreter(model)
    outputs = []
    for seed in range(2):
        inputs = _inputs(reused, seed)
        outputs.append(_run(reused, inputs))
        fresh = _run(_interpreter(model), inputs)
        if not np.isfinite(fresh).all():
            raise ExportError(f"inference {seed + 1}: an output is not finite")
        apart = float(np.abs(outputs[-1] - fresh).max())
        if apart > _TOLERANCE * max(1.0, float(np.abs(fresh).max())):
            raise ExportError(
                f"inference {seed + 1} of one interpreter differs from a fresh one's "
                f"by {apart:.1e}"
            )
    if np.array_equal(outputs[0], outputs[1]):
        raise ExportError("two different inputs have the same output")


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What LiteRT says of a model that it does not load or run, in one line."""
    try:
        yield
    except (RuntimeError, ValueError, MemoryError) as error:
        raise ExportError(f"LiteRT does not run it ({one_line(error)})") from None


@_refusals()
def _interpreter(model: bytes) -> Interpreter:
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


@_refusals()
def _inputs(interpreter: Interpreter, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [
        rng.uniform(-1, 1, entry["shape"]).astype(entry["dtype"])
        for entry in interpreter.get_input_details()
    ]


@_refusals()
def _run(interpreter: Interpreter, inputs: list[np.ndarray]) -> np.ndarray:
    """All outputs in one row."""
    details = interpreter.get_input_details()
    for entry, values in zip(details, inputs, strict=True):
        interpreter.set_tensor(entry["index"], values)
    interpreter.invoke()
    outputs = interpreter.get_output_details()
    return np.concatenate(
        [interpreter.get_tensor(entry["index"]).ravel() for entry in outputs]
    ).astype(np.float64)
