"""Operator actions, written once: the console, the command line and the management API all act through here.

Each action takes an `AdminDesk`, does its work in one transaction and leaves its audit row in that transaction.
"""
