"""From the queue to the store: one thread writes what was enqueued, batch by batch."""
