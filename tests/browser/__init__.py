"""Tests that look at Label Studio's pages through a real Chromium, as an annotator does."""
