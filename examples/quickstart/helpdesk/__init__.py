"""Customer care for a mail-order shop of hiking gear: three features, each of which calls Claude in another way."""
