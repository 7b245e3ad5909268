"""What a part of the atlas says when it cannot be made."""


class Missing(Exception):
    """Why a part of the atlas cannot be made; the page says so in its place."""
