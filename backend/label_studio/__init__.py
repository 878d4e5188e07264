"""Label Studio's API, label configs and events."""
