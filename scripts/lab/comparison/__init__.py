"""`./scripts/compare`: models trained and judged side by side on one split of the same images."""
