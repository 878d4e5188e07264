"""Training of whole networks: `splits` parts the images, `options` says how, `fit` trains, `predict` applies.

Nothing is imported here: Lightning takes seconds to load, and who splits or predicts needs none of it.
"""
