"""A stage for pages: what they claim is taken down, and nothing that they do lasts."""

import runpy

import pytest


@pytest.fixture
def claims_of(monkeypatch):
    """Give a function that runs a page and returns, claim by claim, whether it holds.

    Figures are closed instead of shown. If the page stops at an error that it may stop at, the
    claims are those before it.
    """
    import matplotlib.pyplot as plt

    from overfit_tutorial import claims, figures

    def run(script, *, may_stop_at=()):
        found = {}

        def claim(id, sentence, *, holds, **values):
            found[id] = bool(holds)

        monkeypatch.setattr(claims, "claim", claim)
        monkeypatch.setattr(figures, "show", lambda figure, **words: plt.close(figure))
        with plt.rc_context({"backend": "agg"}):
            try:
                runpy.run_path(str(script))
            except may_stop_at:
                plt.close("all")
        return found

    return run
