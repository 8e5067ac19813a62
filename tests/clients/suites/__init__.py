"""One module per client; each names its checks in CHECKS."""
