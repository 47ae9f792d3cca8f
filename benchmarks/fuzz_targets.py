"""What `fuzz.py` feeds: parsers of files and replies that come from strangers."""

import dataclasses
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import image_size, read_image
from tf_fsgd.images.video import is_video, open_video

_ROOT = Path(__file__).parents[1]
_GOLDEN = _ROOT / "tests" / "stylegan2" / "golden"
_DETECTOR = _ROOT / "tf_fsgd" / "images" / "weights" / "face_detection.tflite"
_SIDE = 12  # pixels of the small pictures


@dataclass
class Target:
    """A parser, and whole files for it.

    Attributes:
        seeds: The files.
        suffix: Of the file's name.
        parse: Takes the path of a file; returns what was read, or raises.
        refusals: What it may raise, beside `UserError`.
    """

    seeds: list[bytes]
    suffix: str
    parse: Callable[[Path], Any]
    refusals: tuple[type[Exception], ...] = ()


def _checkpoint(scratch: Path) -> Target:
    from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint

    paths = [*sorted(_GOLDEN.glob("*.pkl")), *sorted(_GOLDEN.glob("*.pt"))]
    files = [path.read_bytes() for path in paths]
    alone = io.BytesIO()
    with zipfile.ZipFile(alone, "w") as archive:
        archive.writestr(zipfile.ZipInfo("network.pkl"), files[0])
    files += [gzip.compress(files[0], mtime=0), alone.getvalue()]
    return Target(files, ".pkl", read_checkpoint)


def _direction(scratch: Path) -> Target:
    from tf_fsgd.latents.directions import Direction, load_direction

    vector = np.eye(8, dtype=np.float32)[0]
    direction = Direction("mine", vector, 1.0, [0, 1], "Smiling", 1, vector, 0.0)

    def seeds() -> bytes:
        file = io.BytesIO()
        arrays = dataclasses.asdict(direction)
        del arrays["facts"], arrays["name"]
        np.savez(file, **{k: np.asarray(v) for k, v in arrays.items()})
        return file.getvalue()

    return Target([seeds()], ".npz", lambda path: load_direction(str(path)))


def _state(scratch: Path) -> Target:
    from tf_fsgd.projection.state import ProjectionState, load_state

    rows = np.zeros((2, 4), np.float32)
    state = ProjectionState(step=3, w=rows, first=rows, second=rows, trail=rows[None])
    made_with = {"teacher": "mine"}
    path = scratch / "state.npz"
    state.save(path, made_with)
    return Target([path.read_bytes()], ".npz", lambda path: load_state(path, made_with))


def _shard(scratch: Path) -> Target:
    import tensorflow as tf

    from benchmarks.mutations import recorded
    from tf_fsgd.pairs.family import Family, decode_family, encode_family
    from tf_fsgd.pairs.shards import PairStats, family_spans, read_span

    images = np.zeros((2, _SIDE, _SIDE, 3), np.uint8)
    numbers = np.array([[0], [1]], np.float32)
    families = [
        Family(seed, numbers[:, 0], numbers, images, images[..., 0])
        for seed in range(2)
    ]
    account = tf.train.Example()
    for name, value in dataclasses.asdict(PairStats(kept=2)).items():
        account.features.feature[name].int64_list.value.append(value)
    encoded = [encode_family(family, lossless=True) for family in families]
    file = recorded([account.SerializeToString(), *encoded])

    def parse(path: Path) -> list:
        return [
            decode_family(read_span(path, span), path) for span in family_spans(path)
        ]

    return Target([file], ".tfrecord", parse)


def _config(scratch: Path) -> Target:
    from tf_fsgd.config import Config
    from tf_fsgd.presets import PRESETS, preset

    files = []
    for name in PRESETS:
        preset(name).save(scratch / "config.json")
        files.append((scratch / "config.json").read_bytes())
    return Target(files, ".json", Config.load)


def _index(scratch: Path) -> Target:
    from tf_fsgd.pairs.index import Index
    from tf_fsgd.pairs.source import open_pairs

    folder = scratch / "pairs"
    Index({"seed": 0, "resolution": 16, "strength": [1.5]}, 4, 26).save(folder)
    file = folder / "index.json"

    def parse(path: Path) -> object:
        path.replace(file)
        return open_pairs(folder)

    return Target([file.read_bytes()], ".json", parse)


def _facts(scratch: Path) -> Target:
    """`report.json` of an export, which a client of a server reads."""
    from tf_fsgd.exporting.folder import EXPORT_FORMAT
    from tf_fsgd.exporting.serving.model import load_model_info

    facts = {"format": EXPORT_FORMAT, "name": "mine", "resolution": 16}
    facts |= {"axes": ["smile"], "units": {"smile": 2.0, "frown": 2.0}}
    folder = scratch / "export"
    folder.mkdir()

    def parse(path: Path) -> list[float]:
        path.replace(folder / "report.json")
        return load_model_info(folder).strengths({"smile": 0.5})

    return Target([json.dumps(facts).encode()], ".json", parse)


def _network() -> bytes:
    """The smallest .tflite file that phones would run: four numbers and four more."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    from tf_fsgd.storage import flatbuffer

    graph, subgraph = schema.ModelT(), schema.SubGraphT()
    code, operator = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode, code.version = schema.BuiltinOperator.ADD, 1
    operator.inputs, operator.outputs = [0, 1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
    operator.builtinOptions = schema.AddOptionsT()
    subgraph.tensors = [schema.TensorT() for _ in range(3)]
    for number, tensor in enumerate(subgraph.tensors):
        tensor.shape, tensor.name = [1, 4], f"tensor {number}".encode()
        tensor.buffer = number == 1
    subgraph.inputs, subgraph.outputs, subgraph.operators = [0], [2], [operator]
    graph.version, graph.subgraphs, graph.operatorCodes = 3, [subgraph], [code]
    constants = np.arange(4, dtype=np.float32).view(np.uint8)
    graph.buffers = [schema.BufferT(), schema.BufferT(data=constants)]
    builder = flatbuffers.Builder(0)
    builder.Finish(graph.Pack(builder), flatbuffer.IDENTIFIER)
    facts = {"precision": "fp32", "weights": 4}
    return flatbuffer.embed(bytes(builder.Output()), facts)


def _flatbuffer(scratch: Path) -> Target:
    from tf_fsgd.exporting import gate
    from tf_fsgd.exporting.errors import ExportError

    # All but to run it, which `tflite` does.
    gate.check_repeats = lambda model: None
    return Target([_network()], ".tflite", gate.check_file, (ExportError,))


def _reply(scratch: Path) -> Target:
    """Status and body of a server that is none, or none of ours."""
    import base64

    from tf_fsgd.exporting.serving.errors import ServerError
    from tf_fsgd.exporting.serving.png import decode_png
    from tf_fsgd.exporting.serving.rest import RestServer

    picture = io.BytesIO()
    Image.new("RGB", (_SIDE, _SIDE)).save(picture, "PNG")
    text = base64.b64encode(picture.getvalue()).decode()
    answers = [{"predictions": [{"b64": text}]}, {"error": "a reason"}]
    state = {"state": "LOADING", "status": {"error_message": "no"}}
    answers.append({"model_version_status": [{"version": "1", **state}]})
    bodies = [json.dumps(answer).encode() for answer in answers]
    # What ends in a picture is one more time damaged inside of its base64.
    seeds = [status + body for body in bodies for status in (b"200 ", b"404 ", b"500 ")]
    seeds.append(b"PNG " + picture.getvalue())

    def parse(path: Path) -> object:
        status, _, body = path.read_bytes().partition(b" ")
        server = RestServer("http://localhost:1", "mine")
        if status == b"PNG":
            return decode_png(body, _SIDE, "server")
        code = int(status) if status in (b"200", b"404", b"500") else 503
        server._send = lambda *_: (code, body)  # type: ignore[method-assign]
        return decode_png(server.translate(b"photo", [0.5], 1.0), _SIDE, "server")

    return Target(seeds, ".txt", parse, (ServerError,))


def _lease(scratch: Path) -> Target:
    from tf_fsgd.storage import lease as module
    from tf_fsgd.storage.lease import lease

    # It waits a second for who may still be writing, and three minutes for a heartbeat.
    module._DEAD_AFTER = 0.0
    module.time = SimpleNamespace(sleep=lambda seconds: None)
    folder = scratch / "leased"
    with lease(folder):
        (made,) = (folder / "leases").iterdir()
        seed = made.read_bytes().replace(b'"pid": ', b'"pid": 9')

    def parse(path: Path) -> None:
        for there in (folder / "leases").iterdir():
            there.unlink()
        path.replace(folder / "leases" / "train-000007.json")
        with lease(folder):
            pass

    return Target([seed], ".json", parse)


def _pictures() -> list[bytes]:
    blots = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 4), np.uint8)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    exif.get_ifd(0x8825)[1] = "N"
    files = []
    for kind, mode, more in (
        ("JPEG", "RGB", {"exif": exif}),
        ("JPEG", "CMYK", {}),
        ("PNG", "RGBA", {"exif": exif}),
        ("PNG", "P", {}),
        ("WEBP", "RGBA", {"exif": exif}),
        ("GIF", "P", {}),
        ("BMP", "RGB", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("PPM", "RGB", {}),
        ("AVIF", "RGB", {"exif": exif}),
        ("HEIF", "RGB", {}),
    ):
        file = io.BytesIO()
        picture = Image.fromarray(blots, "RGBA").convert("RGB").convert(mode)
        picture.save(file, kind, **more)
        files.append(file.getvalue())
    return files


def _header(scratch: Path) -> Target:
    return Target(_pictures(), ".img", image_size)


def _photo(scratch: Path) -> Target:
    return Target(_pictures(), ".img", read_image)


def _moving(scratch: Path) -> Target:
    frames = [Image.new("RGB", (_SIDE, _SIDE), (n, 0, 0)) for n in (0, 90, 180)]
    files = []
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        file = io.BytesIO()
        frames[0].save(
            file, kind, save_all=True, append_images=frames[1:], duration=100
        )
        files.append(file.getvalue())
    return Target(files, ".webp", _read_video)


def _film(scratch: Path) -> Target:
    from benchmarks.survive_phases import write_film

    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (32, 32, 3), np.uint8) for _ in range(3)]
    paths = [scratch / f"film{suffix}" for suffix in (".mp4", ".mkv")]
    for path in paths:
        write_film(path, frames)
    return Target([path.read_bytes() for path in paths], ".mp4", _read_video)


def _read_video(path: Path) -> int:
    if not is_video(path):
        raise UserError(f"{path}: does not move")
    return sum(1 for _ in open_video(path).frames())


def _tflite(scratch: Path) -> Target:
    from tf_fsgd.exporting.errors import ExportError
    from tf_fsgd.exporting.gate import check_file

    seeds = [_network(), _DETECTOR.read_bytes()]
    return Target(seeds, ".tflite", check_file, (ExportError,))


TARGETS: dict[str, Callable[[Path], Target]] = {
    make.__name__.removeprefix("_"): make
    for make in (
        _checkpoint,
        _direction,
        _state,
        _shard,
        _config,
        _index,
        _facts,
        _header,
        _flatbuffer,
        _reply,
        _lease,
        _photo,
        _moving,
        _film,
        _tflite,
    )
}
"""What makes each of them, in a folder for files."""

SLOW = ("photo", "moving", "film", "tflite")
"""Those that take a hundredth of a second or more for an input, not a thousandth."""
