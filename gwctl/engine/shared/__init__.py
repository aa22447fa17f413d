"""What the processes of a node share: one piece of memory with a fixed layout, and locks that the kernel frees."""
