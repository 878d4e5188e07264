"""Jobs, leases and marks in Redis; the only room that knows RQ."""
