"""Visual words: an image as a histogram of what its keypoints look like."""
