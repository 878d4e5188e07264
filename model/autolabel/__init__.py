"""Certified auto-labelling: which images may be labelled without people, and what proves it.

`proposal` proposes a set, `audit` draws and judges its random sample, `bounds` are the exact bounds behind both, and
`certificate` is the record of all of it. Nothing is imported here.
"""
