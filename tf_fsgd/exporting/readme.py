"""The README of an exported folder: how to use the files, and what was measured."""

from tf_fsgd.edits import EDITS, family_range, one_ended, opposite
from tf_fsgd.exporting.decoding import MAX_PIXELS

_TEXT = """\
# {name}, {resolution} px

A face translator ({weights:,} weights) made by tf_fsgd. It expects one upright face in
a square, framed as in FFHQ.

Licence: {licence}.

| form | input | output |
| --- | --- | --- |
| SavedModel, `serving_default` | `image`: float32 [N, {resolution}, {resolution}, 3] \
in [-1, 1]; `strengths`: float32 [N, {columns}], see below | \
`image`: float32 [N, {resolution}, {resolution}, 3] \
in [-1, 1] |
| SavedModel, `encoded` | `image_bytes`: string [N], files (JPEG, PNG, still WebP) of \
{megapixels} megapixels at most, turned upright by EXIF; the square in the middle is \
taken; `strengths`: float32 [N, {columns}] | \
`image_bytes`: string [N], PNG files |
| TFLite | as `serving_default`, N = 1 | the same |

[-1, 1] is `pixel / 127.5 - 1`; back: `round((x + 1) * 127.5)`.

A file that `encoded` does not take is an error that names the rule, for the whole \
request and for what Serving has put into one batch with it. \
`saved_model/1/assets.extra` holds the requests with which Serving warms up.

## Strengths

The columns of `strengths` are {axes}. Their unit is the
standard deviation of the teacher's w along the axis, or all of an edit that no teacher
drew; zeros leave the photo as it is. What strength 1 of each edit stands for, to be
multiplied for a slider and added up for several edits at once (the network has learnt
from {learnt}):

| edit | strengths |
| --- | --- |
{vectors}

## Measured

Against the Keras model, on {images} images made of {photos_measured} pictures \
({photos}) where no other number stands; PSNR is that of the worst and the mean of \
them. The edit's
effect: how many of the faces that lack what an edit brings have it afterwards, as the
attribute classifier sees it in Keras' images and in the file's. Milliseconds for one
image, on the machine that exported: the fastest of many runs, and what the threads
computed together (CPU).

| file | bytes | precision | PSNR worst (floor), mean | effect, Keras to file | \
1 thread | 2 threads |
| --- | --- | --- | --- | --- | --- | --- |
{rows}
{left_out}
SHA-256, for `sha256sum -c`:

{hashes}

## TensorFlow Serving

    docker run --rm -p 8501:8501 -v "$PWD/saved_model:/models/tf_fsgd" \\
        -e MODEL_NAME=tf_fsgd tensorflow/serving

then, in Python:

    import base64, json, urllib.request

    face = {{"b64": base64.b64encode(open("face.jpg", "rb").read()).decode()}}
    request = {{"signature_name": "encoded", "instances": [
        {{"image_bytes": face, "strengths": {example}}}]}}
    url = "http://localhost:8501/v1/models/tf_fsgd:predict"
    reply = json.load(urllib.request.urlopen(url, json.dumps(request).encode()))
    translated = base64.b64decode(reply["predictions"][0]["b64"])
    open("translated.png", "wb").write(translated)

## TFLite in Python

    # pip install ai-edge-litert numpy pillow
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter
    from PIL import Image

    translate = Interpreter("tflite/{fp32_file}").get_signature_runner()
    face = Image.open("face.jpg").convert("RGB").resize(({resolution}, {resolution}))
    image = np.asarray(face, np.float32)[None] / 127.5 - 1
    strengths = np.float32([{example}])
    image = translate(image=image, strengths=strengths)["image"][0]
    Image.fromarray(np.uint8(np.round((image + 1) * 127.5))).save("translated.png")
"""

_KEYS = (
    "name",
    "resolution",
    "weights",
    "images",
    "photos",
    "photos_measured",
    "licence",
)


def text(report: dict) -> str:
    """Fills the README in from a report of `tf_fsgd.exporting.bundle`."""
    files = report["tflite"]
    return _TEXT.format(
        **{key: report[key] for key in _KEYS},
        **_strengths(report),
        megapixels=f"{MAX_PIXELS / 1e6:.1f}",
        fp32_file=files["fp32"]["file"],
        rows="\n".join(
            [
                _row("`saved_model/1`", report["saved_model"], report["images"]),
                *(
                    _row(f"`tflite/{file['file']}`", file, report["images"], precision)
                    for precision, file in files.items()
                ),
            ]
        ),
        hashes="\n".join(
            f"    {file['sha256']}  tflite/{file['file']}" for file in files.values()
        ),
        left_out="".join(
            f"\nThere is no {precision} file: {reason}.\n"
            for precision, reason in report["left_out"].items()
        ),
    )


def _strengths(report: dict) -> dict[str, object]:
    axes, units = report["axes"], report["units"]
    vectors = {}
    for edit, unit in units.items():
        sign, axis = (1, edit) if edit in axes else (-1, opposite(edit))
        vectors[edit] = [0.0] * len(axes)
        vectors[edit][axes.index(axis)] = round(sign * unit, 3)
    learnt = [
        f"{axis} 0 to {units[axis]:g}, its ends for whatever is beyond"
        if one_ended(axis, units)
        else f"{axis} {-largest:g} to {largest:g}"
        for axis in axes
        # Of a direction of the user's own the unit alone says it.
        for largest in [family_range(axis) if axis in EDITS else 1.5 * units[axis]]
    ]
    return {
        "axes": ", ".join(f"{number} {axis}" for number, axis in enumerate(axes)),
        "vectors": "\n".join(
            f"| {edit} | {vector} |" for edit, vector in vectors.items()
        ),
        "learnt": ", ".join(learnt),
        "columns": len(axes),
        "example": vectors[axes[-1]],
    }


def _row(name: str, numbers: dict, images: int, precision: str = "fp32") -> str:
    floor = f" ({numbers['floor_db']:.0f})" if "floor_db" in numbers else ""
    latency = [
        f"{times['fastest']:.1f} ms, CPU {times['cpu']:.1f}"
        for times in numbers.get("latency_ms", {}).values()
    ]
    few = numbers.get("images", images)
    cells = [
        name,
        f"{numbers['size_bytes']:,}" if "size_bytes" in numbers else "",
        precision,
        f"{numbers['worst_psnr_db']:.1f} dB{floor}, {numbers['mean_psnr_db']:.1f} dB"
        + (f", {few} images" if few != images else ""),
        _effect(numbers.get("effect")),
        *(latency or ["", ""]),
    ]
    return f"| {' | '.join(cells)} |"


def _effect(effect: dict | None) -> str:
    if effect is None:
        return ""
    shares = [f"{100 * effect[whose]:.1f}" for whose in ("keras", "file")]
    return f"{' to '.join(shares)} % of {effect['faces']}"
