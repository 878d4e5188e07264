"""What can be asked by HTTP; each module with `routes` is a blueprint."""
