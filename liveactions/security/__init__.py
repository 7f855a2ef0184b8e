"""What makes a text that comes from outside trustworthy."""
