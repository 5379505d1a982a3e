"""From scenes to chips: grid, reading, scaling, footprints, thumbnails."""
