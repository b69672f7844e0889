"""Where a page's output goes: to whoever runs the script, or to the site that is being built.

A page states claims and shows figures. Run as a script, it prints the former and opens a window
for the latter. While the site is built, both are handed over instead, in order, and the site sets
them as it likes. The build says so by calling `collect`; nobody else needs this module.
"""

_collected: list[object] | None = None


def collect() -> None:
    """Begin a page: from now on, keep what it publishes."""
    global _collected
    _collected = []


def stop() -> None:
    """End the last page: what is published from now on goes to the terminal again."""
    global _collected
    _collected = None


def drain() -> list[object]:
    """Return what was published since the last call, oldest first."""
    global _collected
    if _collected is None:
        return []
    collected, _collected = _collected, []
    return collected


def hand_over(item: object) -> bool:
    """Offer an item to the site; return whether a site is being built and took it."""
    if _collected is None:
        return False
    _collected.append(item)
    return True
