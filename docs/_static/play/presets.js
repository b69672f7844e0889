// States of the pages: their own seeds and recipes, by what one sees.
"use strict";

const presets = {
  "The story's recipe": "",
  "The story's recipe, from the wild curve": "start=wild",
  "Was it luck? The first of twenty networks": "pointsSeed=0/0&seed=1/0",
  "What if we keep training? Batches of 32": "pointsSeed=0&seed=1&steps=6400",
  "What if we keep training? All points in every step":
    "batch=0&pointsSeed=0&seed=1&steps=6400",
  "Which ingredient? Without few steps": "seed=40&steps=3200",
  "Which ingredient? Without batch noise": "batch=100&seed=40",
  "Which ingredient? Without a line at birth": "center=10&seed=40",
  "Which ingredient? Without all three": "batch=100&center=10&seed=40&steps=3200",
  "Is it the recipe? A tenth of the learning rate":
    "pointsSeed=30/0/1000&rate=0.001&seed=30/0",
  "Could I have known? The hundred points trained on": "pointsSeed=50&seed=51",
  "What if the truth curves? A wave of height 4":
    "pointsSeed=0/0&seed=1/0&truth=wave:4",
};
