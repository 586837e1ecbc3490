"""How agents, people and the system talk: messages, where they go, and who is connected.

What the words mean, in those of message brokers:

- A *letter* is a queued message, for one recipient or a group; a *delivery* hands it to one of
  them, as an attempt that is out until it is acknowledged, refused or over.
- The *mailroom* is the fold of all that is queued, with an *inbox* for each recipient; a *crowd* is
  a bit set of recipients.
- A *mailbox* is what a recipient subscribed to, and whether it is called at its endpoint.
- The *post office* of a node is its delivery queues: a *tray* orders what one recipient gets there,
  and a *collection* is one consumer of that, with its prefetch window.
- The *courier* is the process that expires and buries (dead letters) what nobody gets any more.
"""
