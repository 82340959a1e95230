"""The vocabulary that both ends of OAuth share: names, syntax and comparisons. No I/O, no state, no time."""
