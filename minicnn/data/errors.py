"""The one exception of this package."""


class DataError(ValueError):
    """Data that cannot be used as they are: a broken, missing or unexpected file.

    The message is one line: which file, what was expected, what was found, what to do.
    """
