"""What people and programs read. Printing has no consequences."""
