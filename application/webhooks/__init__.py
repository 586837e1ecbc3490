"""Tasks sent to endpoints of agents, signed and to allowed addresses only; and what comes back."""
