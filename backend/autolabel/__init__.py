"""Auto-labelling: proposes what to label automatically, has people audit it, writes annotations and takes them back."""
