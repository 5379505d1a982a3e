"""How a bundle is made: recipe, images, loop, checkpoints, export."""
