"""How numbers, signs and links are written on the site, for all who write any."""

import re

from docutils import nodes
from sphinx.environment import BuildEnvironment

#: Between the parts of a line. The space before the dot does not break: no line begins with it.
SEPARATOR = "\u00a0· "


def typeset(text: str) -> str:
    """Return a text with minus signs and apostrophes, where Python has what is on a keyboard."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", "−", text).replace("'", "’")


def link(env: BuildEnvironment, source: str, page: str, fragment: str, text: str) -> nodes.Element:
    """Return a link from one document to an anchor of another."""
    uri = env._app.builder.get_relative_uri(source, page) if source != page else ""
    return nodes.reference("", text, refuri=f"{uri}#{fragment}", internal=True)
