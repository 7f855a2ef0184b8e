"""Pages and components: their fields, state and addresses."""
