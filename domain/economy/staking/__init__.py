"""Staking: bonded stake, what is unbonding, delegation, slashing, jail, and what stakers earn."""
