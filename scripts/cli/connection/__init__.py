"""Attach the backend to a project of an existing Label Studio, check the connection, and take it off again.

Package name: `scripts.cli.connection` (`scripts/connect` and `scripts/disconnect` are the bash commands that run it).
Other scripts call `scripts.cli.connection.attach.attach(...)`.
"""
