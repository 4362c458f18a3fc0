"""Bots: behaviours, and crowds of them."""
