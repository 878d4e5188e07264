"""The product's processes on this machine, started, watched and asked: by the demo, the benchmarks and the tests."""
