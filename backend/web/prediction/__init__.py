"""What `/predict` answers, from versions and features in memory."""
