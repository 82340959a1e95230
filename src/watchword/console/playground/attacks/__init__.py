"""Attacks to try: one file each, in the order in which the page lists them."""

from watchword.console.playground.attacks.attack import Attack
from watchword.console.playground.attacks.change_a_claim import ChangeAClaim

ATTACKS: tuple[Attack, ...] = (ChangeAClaim(),)
