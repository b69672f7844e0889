"""The compiled training loop and what it needs. `training` and `ensembles` are its doors."""
