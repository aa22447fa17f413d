"""Composition roots: which processes a node has, how they start, talk to each other, are replaced and end.

``supervisor`` holds sockets and processes and knows nothing of configurations; ``worker``, ``agent``, ``api``, ``hub``
and ``follower`` are the process mains; ``forkserver`` makes them; ``bus`` is what they say to each other;
``control_plane``, ``data_plane`` and ``traditional`` say which of them a role has; ``lifecycle`` is what the command
line calls.
"""
