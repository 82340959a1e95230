"""Running an application: our HTTP protocol class, TLS that renews itself, logs, and processes that end together."""
