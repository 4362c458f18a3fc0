"""Scene packages on the client's side: verified, cached, streamed."""
