"""From an image file's bytes to pixels. A stranger's bytes are decoded in a process of their own: see `decoders`."""
