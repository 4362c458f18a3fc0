"""Payments: kept in an outbox until their outcome is known."""
