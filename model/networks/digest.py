"""A fingerprint of weights."""

import hashlib

import torch


def digest(module: torch.nn.Module) -> str:
    """SHA-256 (hexadecimal) over the names and values of all that a module's state holds."""
    sha = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        sha.update(name.encode())
        sha.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()
