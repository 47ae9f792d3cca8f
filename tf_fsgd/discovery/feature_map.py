"""How the classifier's features follow from w: one matrix for any attribute there is.

An attribute is read linearly from the classifier's pooled features, and these follow
nearly linearly from w (Ridge regression over some thousand faces). Together they read
any attribute from w, and `Attribute.direction` (`own.py`) turns the reading into an
edit. The matrix of the embedded teacher ships; another teacher's takes its faces once.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge

from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.latents.directions import SHARED_W
from tf_fsgd.latents.samples import read_samples, render_samples, sample_w
from tf_fsgd.storage.archives import NUMBERS, read_arrays, write_arrays
from tf_fsgd.stylegan2.teacher import Teacher

_SHIPPED = Path(__file__).parent / "shipped" / "mobile-ffhq.npz"
_PSI = 0.7
_ALPHA = 100.0  # of standardised features; 512 coefficients each, thousands of faces


@dataclass(frozen=True)
class FeatureMap:
    """features = bias + w @ matrix, nearly.

    Attributes:
        matrix: `[w_dim, 320]` float32.
        bias: `[320]` float32.
        explained: Share of the features' variance that it explains on faces outside.
    """

    matrix: np.ndarray
    bias: np.ndarray
    explained: float

    def save(self, path: Path) -> None:
        """Writes it, the matrix as float16."""
        arrays: dict[str, np.ndarray | np.generic] = {
            "matrix": self.matrix.astype(np.float16),
            "bias": self.bias,
            "explained": np.float32(self.explained),
        }
        write_arrays(path, arrays, compressed=True)


def load_feature_map(path: Path = _SHIPPED) -> FeatureMap:
    """Reads what `FeatureMap.save` wrote.

    Args:
        path: By default the embedded teacher's.

    Raises:
        UserError: If it is missing or something else.
    """
    needed = {
        "matrix": (NUMBERS, (None, None)),
        "bias": (NUMBERS, (None,)),
        "explained": (NUMBERS, ()),
    }
    arrays = read_arrays(path, "a feature map", needed)
    return FeatureMap(
        arrays["matrix"].astype(np.float32),
        arrays["bias"],
        float(arrays["explained"]),
    )


def feature_map_of(
    teacher: Teacher, classifier: AttributeClassifier, folder: Path, count: int
) -> FeatureMap:
    """The shipped map, if it is of this teacher's W; else one of faces drawn for it.

    Args:
        teacher: Whose w.
        classifier: Whose features.
        folder: Where faces and map of another teacher are kept.
        count: Faces to draw; 2,000 or more.

    Raises:
        UserError: As `render_samples`.
    """
    if teacher.name in SHARED_W:
        return load_feature_map()
    path = folder / "features.npz"
    if not path.exists():
        fit_feature_map(teacher, classifier, folder, count).save(path)
    return load_feature_map(path)


def fit_feature_map(
    teacher: Teacher, classifier: AttributeClassifier, folder: Path, count: int
) -> FeatureMap:
    """Draws faces and fits the map; a tenth of the faces says how well."""
    render_samples(teacher, folder, count, _PSI)
    chunks = read_samples(folder, count)
    features = np.concatenate([classifier.features(faces) for faces in chunks])
    w = sample_w(teacher, range(count), _PSI)
    scale = features.std(axis=0) + 1e-6
    outside = np.arange(count) % 10 == 0
    model = Ridge(alpha=_ALPHA).fit(w[~outside], features[~outside] / scale)
    explained = model.score(w[outside], features[outside] / scale)
    model.fit(w, features / scale)
    matrix = (model.coef_ * scale[:, None]).T
    bias = model.intercept_ * scale
    return FeatureMap(
        matrix.astype(np.float32), bias.astype(np.float32), float(explained)
    )
