"""What `branch.json` says of a scene: nodes, anchors, the floor, cells."""
