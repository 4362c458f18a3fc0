"""Passkeys: what holds them, and how a session signs in with one."""
