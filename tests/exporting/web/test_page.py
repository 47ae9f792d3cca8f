"""The page in Chromium: its pixels against Python's, and every way to use it."""

import base64
import io

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from tf_fsgd.attributes.celeba import celeba_split, find_celeba
from tf_fsgd.images.alignment import crop_square
from tf_fsgd.images.detection import FaceDetector, square_of
from tf_fsgd.images.io import read_image

EDITS = {"feminine": 1.0, "older": -0.5, "smile": 0.8}


def choose(page, path) -> None:
    page.set_input_files("#file", path)
    page.wait_for_selector("#stage:not(.empty)", timeout=60_000)


def move_sliders(page, values) -> None:
    for number, value in enumerate(values):
        page.fill(f"#axis-{number}", str(value))
    shown = " ".join(f"{value:g}" for value in values)
    page.wait_for_selector(f'html[data-shown="{shown}"]')


def pixels(page, canvas: str) -> np.ndarray:
    url = page.evaluate(f"document.getElementById('{canvas}').toDataURL('image/png')")
    file = io.BytesIO(base64.b64decode(url.split(",")[1]))
    return np.asarray(Image.open(file).convert("RGB"), np.float64)


def assert_as_python_does(page, photo: np.ndarray, shipped, number: int) -> None:
    found = page.evaluate("detected.map(({points}) => points)")
    faces = FaceDetector().detect(photo)
    assert len(found) == len(faces)
    face = faces[number]
    eyes = np.hypot(*(face.points[1] - face.points[0]))
    # The two shrink photos with different filters, so what the second look is shown
    # differs a little as well: 4 % of the distance between the eyes.
    np.testing.assert_allclose(found[number], face.points, atol=0.04 * eyes)
    move_sliders(page, EDITS.values())
    page.click("#view")
    square = square_of(np.array(found[number]))
    cut = crop_square(photo, square, shipped.resolution)
    right = shipped.translate(cut[None], EDITS)[0]
    assert np.abs(right.astype(float) - cut).mean() > 3  # there is something to see
    assert np.abs(pixels(page, "before") - cut).mean() < 2
    assert np.abs(pixels(page, "after") - right).mean() < 2
    # The network alone, from the very pixels that the page has cut.
    own = shipped.translate(pixels(page, "before").astype(np.uint8)[None], EDITS)[0]
    assert np.abs(pixels(page, "after") - own).mean() < 0.5


def test_edits_a_photo_of_two_as_python_does(
    browser, open_page, photo_of_two, shipped, tmp_path
):
    page = open_page(browser)
    choose(page, photo_of_two)
    photo = read_image(photo_of_two)
    assert "2 faces found" in page.inner_text("#status")
    np.testing.assert_array_equal(pixels(page, "after"), photo)  # at 0, the photo
    assert_as_python_does(page, photo, shipped, 0)
    page.click("#view")
    pasted = pixels(page, "after")
    changed = np.abs(pasted - photo).max(axis=-1) > 2
    square = square_of(np.array(page.evaluate("detected[0].points")))
    low, high = square.min(0), square.max(0)
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 5000
    assert columns.min() >= low[0] and columns.max() <= high[0]
    assert rows.min() >= low[1] and rows.max() <= high[1]
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "edited.png")
    np.testing.assert_array_equal(read_image(tmp_path / "edited.png"), pasted)
    assert "ms a face" in page.inner_text("#timing")


def test_edits_a_real_photo_as_python_does(browser, open_page, shipped, tmp_path):
    if find_celeba() is None:
        pytest.skip("needs CelebA")
    for example in celeba_split("test"):
        photo = np.asarray(example["image"])
        if len(FaceDetector().detect(photo)) == 1:
            break
    Image.fromarray(photo).save(tmp_path / "photo.png")
    page = open_page(browser)
    choose(page, tmp_path / "photo.png")
    assert_as_python_does(page, photo, shipped, 0)


def test_a_photo_without_a_face_is_aligned_by_hand(browser, open_page, tmp_path):
    Image.fromarray(load_sample_image("flower.jpg")).save(tmp_path / "flower.png")
    page = open_page(browser)
    choose(page, tmp_path / "flower.png")
    assert "No face found" in page.inner_text("#status")
    assert page.is_visible("#hand") and page.is_visible("#guides i >> nth=0")
    first = pixels(page, "before")
    box = page.locator("#stage").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 200, steps=4)
    page.mouse.up()
    page.wait_for_timeout(500)
    dragged = pixels(page, "before")
    # The picture follows the pointer: 100 of the stage's pixels to the right.
    shift = round(100 * 256 / box["width"])
    off = np.abs(dragged[:, shift:] - first[:, :-shift]).mean()
    assert off < 4 < np.abs(dragged - first).mean()
    page.fill("#zoom", "1")
    page.wait_for_timeout(500)
    assert np.abs(pixels(page, "before") - dragged).mean() > 4


@pytest.mark.parametrize(
    ("screen", "shown"),
    # 34 rem, and on a phone 48 % of the height, by the width of four thirds of it.
    [((1200, 900), (544, 408)), ((360, 640), (334.4, 250.8))],
)
def test_a_small_photo_is_large_on_the_screen_only(
    browser, open_page, photo_of_two, tmp_path, screen, shown
):
    Image.open(photo_of_two).resize((180, 135)).save(tmp_path / "small.png")
    page = open_page(browser, *screen)
    choose(page, tmp_path / "small.png")
    for canvas in ("#before", "#after"):
        box = page.locator(canvas).bounding_box()
        assert (box["width"], box["height"]) == pytest.approx(shown, abs=1)
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "edited.png")
    assert read_image(tmp_path / "edited.png").shape == (135, 180, 3)


def test_what_is_no_picture_is_one_line(browser, open_page, tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    page = open_page(browser)
    page.set_input_files("#file", tmp_path / "notes.png")
    page.get_by_text("not a picture").wait_for()
    assert page.is_visible("#drop")


def test_fits_a_phone(browser, open_page, photo_of_two):
    page = open_page(browser, width=360, height=740)
    choose(page, photo_of_two)
    for button in (None, "#view", "#adjust"):
        if button:
            page.click(button)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_works_from_the_keyboard(launch, open_page, photo_of_two):
    # A browser of its own: after the other tests a chooser does not open every time.
    page = open_page(launch())
    focused = "document.activeElement.id"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "file"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(photo_of_two)
    page.wait_for_selector("#stage:not(.empty)", timeout=60_000)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == "axis-2":
            break
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector('html[data-shown="0 0 0.5"]')
    assert page.get_attribute("#axis-2", "aria-valuetext") == "smile 0.50"
    edited = pixels(page, "after")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "reset"
    page.keyboard.press("Enter")
    page.wait_for_selector('html[data-shown="0 0 0"]')
    assert np.abs(edited - pixels(page, "after")).max() > 2


def test_translates_the_camera(launch, open_page, photo_of_two, tmp_path):
    frame = np.asarray(Image.open(photo_of_two).resize((640, 480)))
    film = tmp_path / "camera.mjpeg"
    film.write_bytes(iio.imwrite("<bytes>", frame, extension=".jpg") * 5)
    browser = launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    page = open_page(browser)
    page.fill("#axis-2", "1")
    page.click("#camera")
    page.get_by_text("frames a second").wait_for()
    page.click("#camera")
    page.wait_for_timeout(500)
    assert np.abs(pixels(page, "after") - pixels(page, "before")).max() > 10


def test_webgpu_is_used_only_where_it_is_right_and_faster(launch, open_page):
    browser = launch(
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
        "--enable-features=Vulkan",
    )
    page = open_page(browser)
    if not page.evaluate("Boolean(navigator.gpu)"):
        pytest.skip("needs a Chromium with SwiftShader")
    # The GPU that software imitates passes the comparison, and loses the race.
    timing = page.inner_text("#timing")
    assert "WebAssembly (WebGPU not used: slower than the processor)" in timing
