"""What a server can answer that is no fault of the user's.

Her own mistakes (a wrong name, a photo that cannot be read) are `UserError`s.
"""

from tf_fsgd.errors import UserError

_LONGEST = 300  # characters

STATUS_SECONDS = 5.0
"""For a model's status: the server has just answered, so it is there."""


class ServerError(RuntimeError):
    """The server is absent, broken, or answers what it should not."""


class BusyError(ServerError):
    """The server cannot answer now, but may in a moment."""


def one_line(message: str) -> str:
    """A server's message, of whatever form, as one line of bounded length.

    Of an assertion in the graph, which is how a model refuses a photo, only its own
    words are kept: the names of nodes around them tell the user nothing.
    """
    line = " ".join(message.split()) or "it gives no reason"
    line = line.partition(" [[{{node")[0]
    _, asserts, words = line.partition("assertion failed: [")
    if asserts:
        line = words.removesuffix("]")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def model_absent(
    model: str, place: str, states: list[tuple[str, str]] | None
) -> Exception:
    """Why a server that has been asked for a model says that it has none.

    Serving answers a request for a model that it is still loading as it answers one for
    a model that it has never heard of: `NOT_FOUND`, "Servable not found for request"
    (tensorflow_serving/core/basic_manager.cc). Only the model's status tells them
    apart.

    Args:
        model: Its name.
        place: The server.
        states: State and error message of each of the model's versions, as Serving's
            `GetModelStatus` names them; None if it knows no such model.

    Returns:
        What to raise.
    """
    if not states:
        return UserError(f"{place} serves no model {model!r}")
    names = [name for name, _ in states]
    if "START" in names or "LOADING" in names or "AVAILABLE" in names:
        return BusyError(f"{place} is still loading the model {model!r}")
    reason = one_line(states[-1][1])
    return ServerError(f"{place} could not load the model {model!r}: {reason}")


def no_reply(place: str, timeout: float) -> ServerError:
    """The error of a server that is there and silent.

    Args:
        place: The server.
        timeout: Seconds that it was given.
    """
    return ServerError(f"{place}: no reply within the timeout of {timeout:.1f} s")
