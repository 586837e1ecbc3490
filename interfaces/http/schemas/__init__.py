"""The shapes of requests and answers; values are checked in the domain."""
