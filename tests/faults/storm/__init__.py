"""A whole system under load while things break; ``scripts/faults storm`` runs it, a seed brings the same faults again.

load.py       clients that write down what they asked for and what they were told
weather.py    what breaks, and when
run.py        one run: an installation, its load, its weather, and the rules it is held to afterwards
__main__.py   the command behind ``scripts/faults storm``
"""
