"""HTTP as this backend does it: deadlines in total, addresses that may be refused, a name of our own."""
