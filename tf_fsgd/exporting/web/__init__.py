"""The web page: a static site that runs a translator in the browser.

`tf-fsgd web RUN|shipped --out site/` writes it; `site.write_site` is the
function behind the command. What a visitor loads lies in `static/`, as it is written
here: no build step. LiteRT.js, which runs the networks, comes from npm (`litert.py`).
"""
