"""What `latency.py` makes of its measurements: spreads, ratios, bars, a table."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_RATE = 30.0  # images a second, the bar for a translator on `BAR_THREADS`
LEAST_TIMES = 20.0  # as fast as pix2pixHD's generator in PyTorch, there as well
BAR_THREADS = 2


@dataclass(frozen=True)
class Spread:
    """The middle of the rounds, and how far they lie apart."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "Spread":
        """Takes one number of each round, at least one."""
        return cls(statistics.median(rounds), min(rounds), max(rounds))

    def __format__(self, spec: str) -> str:
        """Median and, in brackets, the extremes; `spec` is that of each number."""
        ends = f"{self.lowest:{spec}}-{self.highest:{spec}}"
        return f"{self.median:{spec}} ({ends})"


@dataclass
class Way:
    """One way to translate an image, with what was measured of it.

    Attributes:
        name: A network and what runs it.
        threads: That it may compute with.
        size: Of its file in bytes; 0: it has none.
        wall: Seconds an image, a number for each round.
        cpu: The same of all its threads together.
    """

    name: str
    threads: int
    size: int
    wall: list[float]
    cpu: list[float]

    @property
    def rate(self) -> float:
        """Images a second, in the middle of the rounds."""
        return 1 / statistics.median(self.wall)

    def times_as_fast_as(self, other: "Way") -> Spread:
        """How often this translates while `other` translates once, round by round.

        A ratio within one round leaves out what disturbed the machine in that round.
        """
        rounds = zip(other.wall, self.wall, strict=True)
        return Spread.of([theirs / ours for theirs, ours in rounds])


def table(ways: Sequence[Way], reference: str) -> str:
    """All ways, each beside the reference on as many threads.

    Args:
        ways: Measured ones, the reference among them on every number of threads.
        reference: Its name.

    Returns:
        Lines of text.
    """
    beside = {way.threads: way for way in ways if way.name == reference}
    width = max(len(way.name) for way in ways)
    header = (
        f"{'':{width}}{'threads':>9}{'MB':>8}{'ms an image':>26}{'CPU ms':>9}"
        f"{'images/s':>10}{'times as fast':>22}"
    )
    lines = [header]
    for way in ways:
        milliseconds = Spread.of([1000 * seconds for seconds in way.wall])
        size = f"{way.size / 1e6:.2f}" if way.size else ""
        lines.append(
            f"{way.name:{width}}{way.threads:9}{size:>8}{f'{milliseconds:.1f}':>26}"
            f"{1000 * statistics.median(way.cpu):9.1f}{way.rate:10.1f}"
            f"{f'{way.times_as_fast_as(beside[way.threads]):.1f}':>22}"
        )
    return "\n".join(lines)


def bars(way: Way, reference: Way) -> list[tuple[str, bool]]:
    """Holds a translator to the two bars.

    Args:
        way: The translator on `BAR_THREADS` threads.
        reference: The reference on as many.

    Returns:
        What was asked and found, and whether it is met, by median.
    """
    times = way.times_as_fast_as(reference)
    return [
        (
            f"{way.name}: {way.rate:.0f} images a second on {way.threads} threads "
            f"(bar: {LEAST_RATE:.0f})",
            way.rate >= LEAST_RATE,
        ),
        (
            f"{way.name}: {times.median:.0f} times as fast as {reference.name} "
            f"(bar: {LEAST_TIMES:.0f})",
            times.median >= LEAST_TIMES,
        ),
    ]
