"""A network and what its strengths mean: on faces, photos and films; shipped ones."""
