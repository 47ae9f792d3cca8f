"""The README of an exported folder: how to use the files, and what was measured."""

_TEXT = """\
# {edit}, {resolution} px

A face translator ({weights:,} weights) made by tf_fsgd. It expects one upright face in
a square, framed as in FFHQ. EXIF orientation is not applied.

| form | input | output |
| --- | --- | --- |
| SavedModel, `serving_default` | `image`: float32 [N, {resolution}, {resolution}, 3] \
in [-1, 1] | `image`: the same |
| SavedModel, `encoded` | `image_bytes`: string [N], files (JPEG, PNG, WebP, BMP, \
GIF's first frame) of any size; the square in the middle is taken | `image_bytes`: \
string [N], PNG files |
| TFLite | `image`: float32 [1, {resolution}, {resolution}, 3] in [-1, 1] | `image`: \
the same |

[-1, 1] is `pixel / 127.5 - 1`; back: `round((x + 1) * 127.5)`.

## Measured

Against the Keras model, on {photos} photos; latency on {threads} threads of the machine
that exported.

| file | size | max difference (bar) | mean difference | PSNR | latency |
| --- | --- | --- | --- | --- | --- |
{rows}

## TensorFlow Serving

    docker run --rm -p 8501:8501 -v "$PWD/saved_model:/models/tf_fsgd" \\
        -e MODEL_NAME=tf_fsgd tensorflow/serving

then, in Python:

    import base64, json, urllib.request

    face = base64.b64encode(open("face.jpg", "rb").read()).decode()
    request = {{"signature_name": "encoded", "instances": [{{"b64": face}}]}}
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
    image = translate(image=image)["image"][0]
    Image.fromarray(np.uint8(np.round((image + 1) * 127.5))).save("translated.png")
"""


def text(report: dict) -> str:
    """Fills the README in from a report of `export.bundle.export_run`."""
    files = report["tflite"]
    return _TEXT.format(
        **{key: report[key] for key in ("edit", "resolution", "weights", "photos")},
        threads=files["fp32"]["threads"],
        fp32_file=files["fp32"]["file"],
        rows="\n".join(
            [
                _row("`saved_model/1`", report["saved_model"], "", ""),
                *(
                    _row(
                        f"`tflite/{file['file']}`",
                        file,
                        f"{file['size_bytes'] / 1e6:.2f} MB",
                        f"{file['latency_ms']:.1f} ms",
                    )
                    for file in files.values()
                ),
            ]
        ),
    )


def _row(name: str, numbers: dict, size: str, latency: str) -> str:
    return (
        f"| {name} | {size} | {numbers['max_abs_difference']:.1e} "
        f"({numbers['bar']:.0e}) | {numbers['mean_abs_difference']:.1e} "
        f"| {numbers['psnr_db']:.1f} dB | {latency} |"
    )
