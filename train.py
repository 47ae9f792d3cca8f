"""The main job: from a latent edit to a translator of photos.

    python train.py                        # preset quick: two cores, 15 minutes
    python train.py --edit smile
    python train.py --preset mobile-128    # six edits with sliders in one small network
    python train.py --preset paper         # the settings of 2003.03581; wants a GPU
    python train.py --pairs DIR            # on your own A/B images
    python train.py --resume runs/00003-feminine-quick-r128

It is `tf-fsgd train`, for a checkout where nothing is installed.
"""

import sys

from tf_fsgd.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
