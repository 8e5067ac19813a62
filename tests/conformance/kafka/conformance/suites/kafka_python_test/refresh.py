"""A plugin of pytest: consumers ask for metadata every second instead of every five minutes.

A topic that is subscribed to while a consumer's first answer is on its way is not asked for until
the next time, which the tests do not wait for.
"""

from kafka import KafkaConsumer

KafkaConsumer.DEFAULT_CONFIG["metadata_max_age_ms"] = 1_000
