"""What is measured and compared; each of the commands has a package."""
