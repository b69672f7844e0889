"""Where a page's output goes: to whoever runs the script, or to the site that is being built.

A page states claims and shows figures. Run as a script, it prints the former and opens a window
for the latter. While the site is built, both are handed over instead, in order, and the site sets
them as it likes. The build says so by calling `collect`; nobody else needs this module.
"""

import sys

# One list while somebody collects, none otherwise.
_collected: list[list[object]] = []


def collect() -> None:
    """Begin a page: from now on, keep what it publishes."""
    _collected[:] = [[]]


def stop() -> None:
    """End the last page: what is published from now on goes to the terminal again."""
    _collected.clear()


def drain() -> list[object]:
    """Return what was published since the last call, oldest first."""
    if not _collected:
        return []
    found = _collected[0]
    collect()
    return found


def hand_over(item: object) -> bool:
    """Offer an item to the site; return whether a site is being built and took it."""
    for collected in _collected:
        collected.append(item)
    return bool(_collected)


def say(text: object) -> None:
    """Print, with a question mark for each sign that this terminal, or file, cannot show."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(str(text).encode(encoding, "replace").decode(encoding))
