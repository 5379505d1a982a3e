"""Known changes of images, graded: what a model is asked with to see how much it bears."""
