"""The linear algebra of W: sampling, truncation, directions, edits."""
