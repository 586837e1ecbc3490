"""The event log: group commit, gapless positions, hash chain, subscriptions and leases."""
