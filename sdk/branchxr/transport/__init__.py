"""The two modules that touch the network: one knows httpx, one knows websockets."""
