"""Numbers can be searched for: 40,701 and 40701 are one word, and 0.6 is a word."""

import re

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

# Read by Python for the index and by JavaScript for a query: what both understand alike.
_SEPARATOR = r"(\d)[,_\u2009\u202f\u00a0](?=\d{3}(?!\d))"
_DECIMAL = r"\d+\.\d+"


class SearchNumbers(SearchEnglish):
    """English, whose words Sphinx would split at the comma, and drop if they are digits only."""

    js_splitter_code = f"""
var splitQuery = (query) =>
  query.replace(/{_SEPARATOR}/gu, "$1").match(/{_DECIMAL}|[\\p{{L}}\\p{{N}}_]+/gu) ?? [];
"""

    def split(self, text: str) -> list[str]:
        return re.findall(rf"{_DECIMAL}|\w+", re.sub(_SEPARATOR, r"\1", text))

    def word_filter(self, word: str) -> bool:
        return word not in self.stopwords


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_search_language(SearchNumbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
