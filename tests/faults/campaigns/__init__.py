"""Whole systems under load while things break; ``scripts/faults`` runs them, a seed makes a run again.

load.py       clients that write down what they asked for and what they were told
weather.py    what breaks, and when
storm.py      one run: an installation, its load, its weather, and the rules it is held to afterwards
__main__.py   the command behind scripts/faults
"""
