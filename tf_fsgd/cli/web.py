"""`tf-fsgd web RUN --out site/`: a page that runs a translator."""

import os
from pathlib import Path

from tf_fsgd.backend.quiet import output_to
from tf_fsgd.cli.options import Run


def web(run: Run, /, *, out: Path = Path("site"), litert: str | None = None) -> None:
    """Makes a page that runs a translator in the browser, with sliders.

    Args:
        run: Run folder of train.py, or a shipped translator: its name, or shipped.
        out: Folder to make.
        litert: A node_modules folder with @litertjs (fetched with npm, once).

    Raises:
        UserError: If the run is none or not finished, or npm is needed and absent.
    """
    from tf_fsgd.exporting.web.site import write_site
    from tf_fsgd.translator.translator import load_translator

    translator = load_translator(run)
    with output_to(os.devnull):
        write_site(translator, out, litert)
    print(f"{out}: python -m http.server --directory {out}")
