"""STEP 1: credentials become an `Authentication`, which says who signed in, how and when.

Only this package builds an `Authentication`. It knows no HTTP and no tokens.
"""
