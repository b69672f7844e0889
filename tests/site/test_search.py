"""The site's own search, in a browser: what a reader would type leads to the right page."""

import re
import urllib.parse
from typing import Any

import pytest

FIRST = 3
STORY = "auto_examples/1_story/"
LADDER = STORY + "plot_1_how_wrong_can_a_curve_be.html"
NOISE = STORY + "plot_2_do_parameters_chase_noise.html"
COMPARED = STORY + "plot_3_compared_with_what.html"
HOLDS = "auto_examples/2_is_it_true/"
LONGER = HOLDS + "plot_2_what_if_we_keep_training.html"
RECIPE = HOLDS + "plot_3_is_it_the_recipe.html"
INGREDIENT = HOLDS + "plot_4_which_ingredient.html"
KNOWN = HOLDS + "plot_5_could_i_have_known.html"
BITS = "auto_examples/6_builders/plot_3_same_bits_everywhere.html"
AGREE = "auto_examples/6_builders/plot_4_would_other_code_agree.html"
CLUSTER = "auto_examples/6_builders/plot_2_the_same_sweep_on_a_cluster.html"
KERNEL = "auto_examples/3_function_space/plot_4_is_it_a_kernel.html"
LANDSCAPE = "auto_examples/4_loss_landscape/"
BAD_MINIMA = LANDSCAPE + "plot_1_are_bad_minima_sharper.html"
SHAPE = LANDSCAPE + "plot_2_what_does_the_landscape_look_like.html"
OPTIMIZER = "auto_examples/5_variants/plot_6_optimizer_or_regularizer.html"
EDGE = LANDSCAPE + "plot_3_why_does_sharpness_stop_rising.html"
FLATNESS = LANDSCAPE + "plot_4_what_did_flatness_explain.html"
CURVED = "auto_examples/5_variants/plot_1_what_if_the_truth_curves.html"
DESCENT = "auto_examples/5_variants/plot_4_why_does_error_peak_then_fall.html"

# What a reader types, and the pages of which one must be among the first three results. A page on
# something new brings its line.
QUERIES = {
    "overfit": {LADDER, NOISE, LONGER, INGREDIENT},
    "excess risk": {LADDER, "glossary.html", "api/data.html"},
    "least squares": {LADDER, COMPARED, "api/linear.html", "glossary.html"},
    "join the dots": {LADDER, COMPARED, "glossary.html"},
    "noise": {NOISE, LADDER},
    "40,701 parameters": {NOISE},
    "40701": {NOISE, LADDER},
    "40,701": {NOISE, LADDER},
    "40\u2009701": {NOISE, LADDER},
    "0.6": {RECIPE},
    "training error": {NOISE, LONGER, "glossary.html"},
    "Adam learning rate": {NOISE, EDGE, OPTIMIZER},
    "bootstrap interval": {COMPARED, CURVED, "api/statistics.html"},
    "bad minima": {BAD_MINIMA, FLATNESS, "api/studies.minima.html"},
    "wrong points": {BAD_MINIMA, FLATNESS, "api/studies.poison.html"},
    "volume": {FLATNESS},
    "mode connectivity": {SHAPE},
    "implicit bias": {"glossary.html"},
    "paths between minima": {SHAPE, "api/weights.paths.html"},
    "flatness": {FLATNESS},
    "Lanczos": {FLATNESS, "api/curvature.spectra.html", "api/curvature.html"},
    "Hessian": {SHAPE, BAD_MINIMA, "glossary.html", "api/landscapes.html"},
    "rescaled twin": {BAD_MINIMA},
    "edge of stability": {EDGE, "glossary.html", "api/studies.sharpness.html"},
    "wave truth": {CURVED},
    "standardized inputs": {RECIPE, LONGER, INGREDIENT},
    "batch noise": {INGREDIENT, LONGER, "glossary.html"},
    "random biases": {INGREDIENT, KERNEL},
    "early stopping": {KNOWN, "glossary.html"},
    "double descent": {DESCENT, "glossary.html"},
    "held-out points": {KNOWN, "glossary.html", "api/studies.held_out.html"},
    "chi-squared interval": {KNOWN, "api/studies.held_out.html"},
    "NumPy by hand": {AGREE},
    "same numbers": {BITS},
    "rounding order of sums": {BITS},
    "WebAssembly": {BITS, "glossary.html", "api/exact.html"},
    "ladder": {LADDER, "api/ladder.html", "glossary.html"},
    "dask cluster": {CLUSTER},
    "PyTorch": {"development/speed.html"},
    "fit_line": {"api/linear.html"},
    "glossary": {"glossary.html"},
    "cite": {"references.html"},
    "download": {"index.html"},
    "claims": {"ledger.html", "api/claims.html"},
}


def find_misplaced(found: list[str], expected: set[str]) -> str:
    """Return why a reader would not meet an expected page among the first results, or nothing."""
    if expected & set(found[:FIRST]):
        return ""
    return f"none of {sorted(expected)} among {found[:FIRST]}"


def search(tab: Any, address: str, query: str) -> list[str]:
    """Return the pages that a search finds, each once, in order."""
    tab.goto(f"{address}search.html?q={urllib.parse.quote_plus(query)}")
    # The summary says when the search has come to its end.
    tab.locator("#search-results", has_text=re.compile("Search finished|did not match")).wait_for()
    links = tab.locator("#search-results li > a").evaluate_all("all => all.map(a => a.href)")
    paths = [urllib.parse.urlsplit(link.removeprefix(address)).path for link in links]
    return list(dict.fromkeys(paths))


@pytest.fixture(scope="module")
def brief_tab(browser: Any) -> Any:
    """Give a window in which searches end at once, since results have no excerpts.

    For these, each page that is found would be fetched; their order is that of the index.
    """
    context = browser.new_context()
    context.set_default_timeout(30_000)
    opened = context.new_page()
    network = context.new_cdp_session(opened)
    network.send("Network.enable")
    network.send("Network.setBlockedURLs", {"urls": ["*.html"]})
    yield opened
    context.close()


@pytest.mark.parametrize("query", QUERIES)
def test_search_finds_the_right_page(brief_tab: Any, address: str, query: str) -> None:
    assert find_misplaced(search(brief_tab, address, query), QUERIES[query]) == ""


# What is written, and the words it has. The build splits pages, and a script what a reader types.
SPLIT = {
    "40,701 parameters": ["40701", "parameters"],
    "40\u2009701, 40\u202f701 or 40_701": ["40701", "40701", "or", "40701"],
    "2,023,443,830": ["2023443830"],
    "0.6 of 1,234.5": ["0.6", "of", "1234.5"],
    "1, 200 and 1,20 and 1,2000": ["1", "200", "and", "1", "20", "and", "1", "2000"],
    "fit_line seed_123 3d": ["fit_line", "seed_123", "3d"],
    "na\u00efve \u03c3=2": ["na\u00efve", "\u03c3", "2"],
}


def test_numbers_are_words_on_both_sides(tab: Any, address: str) -> None:
    split = pytest.importorskip("number_search").SearchNumbers({}).split
    assert {text: split(text) for text in SPLIT} == SPLIT
    tab.goto(address + "search.html")
    assert {text: tab.evaluate("splitQuery", text) for text in SPLIT} == SPLIT


def test_a_number_that_is_found_is_shown(tab: Any, address: str) -> None:
    search(tab, address, "40701")
    first = tab.locator("#search-results li").first
    first.locator("p.context", has_text="40,701").wait_for()
    assert "40,701" in first.locator(".highlighted").all_inner_texts()


def test_a_number_that_no_page_has_hides_no_page(tab: Any, address: str) -> None:
    assert search(tab, address, "987654") == []
    assert search(tab, address, "dask 987654 0.98765") == search(tab, address, "dask") != []


def test_the_pages_looked_for_exist(site: Any) -> None:
    assert set().union(*QUERIES.values()) <= set(site.pages)
    assert len(QUERIES) >= 10


# -- The check can fail ------------------------------------------------------


def test_a_page_too_far_down_is_seen(tab: Any, address: str) -> None:
    found = ["a", "b", "c", "d"]
    assert find_misplaced(found, {"c", "x"}) == ""
    assert find_misplaced(found, {"d"})
    assert find_misplaced([], {"d"})
    assert find_misplaced(search(tab, address, "xylophone"), {LADDER})
