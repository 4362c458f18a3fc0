"""The asset pipeline: source scenes in, signed scene packages out."""
