"""A pytest plugin that plants a mistake.

PLANT='{"path": "minicnn/idx.py", "was": "a + b", "now": "a - b"}' pytest -p tests.mutations.planting …
"""

import json
import os

from tests.planting import plant

PLANT = json.loads(os.environ["PLANT"])


def _changed(source: bytes) -> bytes:
    was, now = PLANT["was"].encode(), PLANT["now"].encode()
    assert source.count(was) == 1, f"{PLANT['path']} holds {PLANT['was']!r} {source.count(was)} times"
    return source.replace(was, now)


plant(PLANT["path"], _changed)
