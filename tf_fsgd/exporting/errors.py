"""What stops an export: a file that would run, but not as the translator does."""


class ExportError(RuntimeError):
    """An exported file that is not fit for use; nothing of the export is kept."""


class PrecisionError(ExportError):
    """An exported file that is right, but whose weights are too coarse."""
