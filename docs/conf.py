"""Configuration of the site. What it does beyond Sphinx's own is in ``_ext``."""

import os
import sys
import warnings
from pathlib import Path

# Examples draw without a screen, and TensorFlow's start-up notes are not part of a page.
os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# For products of small matrices, threads of BLAS wait for each other longer than they compute.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A process that has run some pages is replaced, to free its memory: nothing is wrong then.
warnings.filterwarnings("ignore", "A worker stopped while some jobs")

HERE = Path(__file__).parent
# What sweeps have computed lies with what is built: `nox -s clean` removes both.
store = Path(os.environ.get("OVERFIT_TUTORIAL_STORE") or HERE / "_build" / "store")
# Where the build was started, whatever folder a page runs in.
os.environ["OVERFIT_TUTORIAL_STORE"] = str(store.expanduser().absolute())
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import overfit_tutorial  # noqa: E402

project = "Why no wild curve?"
author = "the overfit_tutorial authors"
copyright = f"2026, {author}"
release = version = overfit_tutorial.__version__

# The address of the site and of the repository: what needs one that is not set is left out.
html_baseurl = os.environ.get("OVERFIT_TUTORIAL_SITE_URL", "")
repository_url = os.environ.get("OVERFIT_TUTORIAL_REPOSITORY_URL", "")
for address in filter(None, (html_baseurl, repository_url)):
    if not address.startswith(("https://", "http://")):
        raise ValueError(f"an address must begin with https:// or http://, got {address!r}")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
    "numpydoc",
    "freshness",
    "gallery",
    "notebooks",
    "published",
    "claim_boxes",
    "ledger",
    "html_elements",
    "folds",
    "twin_figures",
    "page_anatomy",
    "exercises",
    "glossary_links",
    "mathml",
    "house_html",
    "metadata",
    "downloads",
    "site_figures",
    "playground",
    "number_search",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
if html_baseurl:
    extensions.append("sphinxext.opengraph")
else:
    # Wherever it is shown, its links would lead nowhere.
    exclude_patterns.append("404.rst")
# Names of pages have no spaces, which a test holds; a folder above may have some.
suppress_warnings = ["config.cache", "sphinx_gallery.space_in_filename"]

# -- The pages that are executed ---------------------------------------------

PARTS = [
    "1_story",
    "2_is_it_true",
    "3_function_space",
    "4_loss_landscape",
    "5_variants",
    "6_builders",
]

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "filename_pattern": r"/plot_",
    "subsection_order": [f"../examples/{part}" for part in PARTS],
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("gallery.scrape",),
    "reset_modules": ("matplotlib", "gallery.begin_or_end_page"),
    "reset_modules_order": "both",
    "capture_repr": (),
    "backreferences_dir": "gen_modules",
    "doc_module": ("overfit_tutorial",),
    "abort_on_example_error": False,
    "run_stale_examples": False,
    # The page of computation times loads scripts from other hosts; each page says its own.
    "write_computation_times": False,
    # Its zips would have scripts without the package; ours has the wheel.
    "download_all_examples": False,
    "min_reported_time": 0,
    "show_signature": False,
    "remove_config_comments": True,
    "plot_gallery": True,
    # Pages may run side by side: with 2, each in a process of its own. Where both train on all
    # processors, that takes a tenth longer than one after the other, and times are wrong.
    "parallel": False,
}

#: The pages of the 35-minute path that exist.
reading_path = [
    "auto_examples/1_story/plot_1_how_wrong_can_a_curve_be",
    "auto_examples/1_story/plot_2_do_parameters_chase_noise",
    "auto_examples/2_is_it_true/plot_1_was_it_luck",
    "auto_examples/2_is_it_true/plot_4_which_ingredient",
    "auto_examples/3_function_space/plot_1_why_does_it_start_as_a_line",
]

downloads_project = ".."
freshness_package = "../overfit_tutorial"
freshness_distributions = [
    "numpy",
    "scipy",
    "pandas",
    "joblib",
    "distributed",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "matplotlib",
    "sphinx-gallery",
]

# -- Reference ---------------------------------------------------------------

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
# It would look into every docstring for its lists, of which there are none, and import TensorFlow
# for that, though nothing has changed.
autosummary_generate = False
numpydoc_xref_param_type = False
nitpick_ignore_regex = [("py:.*", r"(numpy|np|scipy|keras|tensorflow|matplotlib|pandas)\..*")]
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"

# -- Looks -------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "Why no wild curve?"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["math.css", "site.css"]
html_js_files = ["site.js"]
html_search_scorer = str(HERE / "_static" / "scorer.js")
html_math_renderer = "mathml"
html_copy_source = False
html_use_index = False
html_domain_indices = False
html_favicon = "_static/favicon.svg"
ogp_site_url = html_baseurl.rstrip("/") + "/"
ogp_site_name = html_title
ogp_type = "article"
ogp_social_cards = {"line_color": "#d9480f", "image_mini": "picture.png"}
html_scaled_image_link = False
html_show_sourcelink = False
html_show_sphinx = False
# Pages without pages below them have nothing to list at their side.
html_sidebars = {"**": ["sidebar-nav-bs"]} | {
    name: []
    for name in (
        "index",
        "play",
        "ledger",
        "teach",
        "glossary",
        "references",
        "development/speed",
        "404",
        "search",
    )
}
html_theme_options = {
    "logo": {"text": "Why no wild curve?"},
    "navbar_start": ["site-logo"],
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    # The title would stand twice, one above the other.
    "article_header_start": [],
    "article_footer_items": ["page-footer"],
    "header_links_before_dropdown": 5,
    "show_prev_next": True,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": ["page-source"],
    "show_version_warning_banner": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "use_edit_page_button": False,
    "back_to_top_button": False,
    **({"github_url": repository_url} if repository_url else {}),
}
