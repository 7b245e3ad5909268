"""What the atlas says in place of a part that cannot be made."""


class Missing(Exception):
    """The reason why a part of the atlas cannot be made; the page shows it in place of the part."""
