"""Pictures: read and write, grids, animations, alignment.

Imports nothing of ours but errors and files.
"""
