"""Stages: where a script sees and acts."""
