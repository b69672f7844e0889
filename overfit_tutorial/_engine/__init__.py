"""Two ways to train, exact and by XLA. `training` and `ensembles` are their doors."""
