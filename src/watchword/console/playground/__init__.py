"""The playground: real flows and real attacks, step by step, against this issuer and the demonstration beside it."""
