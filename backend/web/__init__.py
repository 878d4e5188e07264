"""What HTTP asks for, what is watched meanwhile, and what is found again after a loss."""
