"""The command line program `mas`."""
