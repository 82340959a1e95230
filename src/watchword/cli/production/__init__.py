"""What `watchword init` writes: the answers, how each value stands in each format, the files, and the next steps."""
