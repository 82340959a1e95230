"""The browser edge: set-up and the operator's pages; acts only through `watchword.admin`."""
