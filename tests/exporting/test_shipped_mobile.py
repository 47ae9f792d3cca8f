"""The shipped translator's files on real photos: what docs/measurements.md promises.

Its figures are of 100 photos (`tf-fsgd export mobile-256 --thorough`).
"""

import pytest

from tf_fsgd.attributes.celeba import find_celeba
from tf_fsgd.exporting.bundle import export_translator
from tf_fsgd.exporting.faces import find_faces
from tf_fsgd.translator.translator import load_translator

PHOTOS = 40  # with every edit, a minute on two cores
INT8_BYTES = 3_000_000  # what the mobile presets promise


@pytest.mark.slow
def test_mobile_256_on_photos(tmp_path):
    if find_celeba() is None:
        pytest.skip("CelebA is not prepared: see docs/training.md")
    translator = load_translator("shipped")
    photos, _ = find_faces(PHOTOS, translator.resolution, [])
    report = export_translator(translator, tmp_path / "out", photos, PHOTOS)
    assert report["photos_measured"] == PHOTOS
    assert report["tflite"]["int8"]["size_bytes"] <= INT8_BYTES
    for precision, floor in [("fp16", 45), ("int8", 38)]:
        numbers = report["tflite"][precision]
        assert numbers["worst_psnr_db"] >= floor
        assert numbers["effect"]["faces"] >= 2 * PHOTOS
        assert numbers["effect"]["share_points"] <= 2
        assert numbers["effect"]["certainty_points"] <= 2
    effect = report["tflite"]["fp32"]["effect"]
    assert effect["keras"] == effect["file"] > 0.25  # the edits do something
    whole = report["tflite"].get("int8x16")
    assert (whole or {"worst_psnr_db": 35})["worst_psnr_db"] >= 35
    assert whole or "int8x16" in report["left_out"]
