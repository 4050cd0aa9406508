"""The process of the hostile clients: every attack at once, again and again for some seconds."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from typing import Final

from tests.helpers.attacks import ATTACKS, Attack
from tests.helpers.raw_http import OTHER_CLIENT

ROUND_S: Final = 5.0


def attack_for(address: str, seconds: float) -> None:
    """Attack the server at a URL from another address of this machine."""
    give_up_at = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_go_on, args=(each, address, give_up_at)) for each in ATTACKS
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("done", flush=True)


def _go_on(attack: Attack, address: str, give_up_at: float) -> None:
    while time.monotonic() < give_up_at:
        with suppress(OSError, AssertionError):  # the server refuses, as it should
            attack(address, ROUND_S, OTHER_CLIENT)


if __name__ == "__main__":
    attack_for(sys.argv[1], float(sys.argv[2]))
