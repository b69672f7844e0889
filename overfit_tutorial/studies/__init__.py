"""What pages sweep over and compare: recipes, held-out points, minima, sharpness."""
