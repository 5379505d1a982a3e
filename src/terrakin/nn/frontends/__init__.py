"""Networks from an image to a corrected image, in front of a backbone."""
