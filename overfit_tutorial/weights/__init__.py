"""Weights as arrays: paths between them, directions from them, symmetries of them."""
