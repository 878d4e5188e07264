"""Starting, stopping and watching the product's processes on this machine; the demo and the tests' fixtures use it."""
