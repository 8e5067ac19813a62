"""One module a suite: TOOLS it needs, `prepare(cache)`, and `run(run)`, which reports outcomes.

A suite with SETTINGS has its broker started with them on top of the profile; `{bootstrap}` in one
stands for the broker's address.
"""
