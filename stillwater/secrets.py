"""Keys that a stranger's text may say back to us, and how it is rid of them.

A model's server knows the key, and may print it in an error or an answer: what comes from there is
hidden before anything keeps or shows it.
"""

import os
import re
from collections.abc import Iterator

HIDDEN = "[key]"
LEAST = 16
"""Characters of a key: shorter ones are made up for servers that ask for any, and may be words."""
_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)S?$", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+@")


def hide(text: str, key: str | None = None) -> str:
    """`text` without `key`, and without the keys that the environment holds for other servers."""
    for secret in sorted(_known(key), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def hide_all(text: str, key: str | None = None) -> str:
    """The same, and without the credentials of URLs."""
    return _CREDENTIALS.sub("…@", hide(text, key))


def _known(key: str | None) -> Iterator[str]:
    held = [value for name, value in os.environ.items() if _NAMES.search(name)]
    for secret in (key, *held):
        if secret and len(secret.strip()) >= LEAST:
            yield secret.strip()
