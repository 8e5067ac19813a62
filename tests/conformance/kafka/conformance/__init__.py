"""Other people's tests, and programs of ours with other people's clients, against one broker."""
