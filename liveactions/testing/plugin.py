"""What pytest gets from an installed liveactions: nothing yet but its name."""
