// How results of the search are ranked: pages that answer a question before entries of the reference.
var Scorer = {
  // The numbers below are Sphinx' own.
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: ([page, title, anchor, description, score, file, kind]) => {
    if (kind === "object") {
      // Every name in the reference has the package's name in it; who types a name wants its entry.
      const asked = (new URLSearchParams(location.search).get("q") ?? "").trim().toLowerCase();
      return title.split(".").pop().toLowerCase() === asked ? score + 10 : score - 15;
    }
    if (kind === "title") return score + 8;
    if (/\/plot_\d/.test(page)) return score + 4;
    return page === "index" ? score - 5 : score;
  },
};
