"""What `watchword up` is made of: a data directory, free ports, and two processes on one leash."""
