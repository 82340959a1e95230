"""Several processes that serve the same sockets, and the one that looks after them."""
