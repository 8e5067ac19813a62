"""What the client suites share: tools, broker, text, reports. No third-party imports."""
