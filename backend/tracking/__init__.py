"""Tracking with MLflow: `outbox` keeps what is to be tracked, `delivery` sends it. See docs/tracking.md."""
