"""The handwritten digits of the demo, and two versions of a model that was trained on them."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

PIXELS = 64
CLASSES = 10
MAX_PIXEL = 16


def load_digits(path):
    """Images as float32 [n, 64] from 0 (paper) to 1 (ink), and labels as int64 [n]; a line is 64 base-17 digits and a label."""
    images, labels = [], []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            pixels, label = line.split()
            images.append([int(pixel, 17) / MAX_PIXEL for pixel in pixels])
            labels.append(int(label))
    return np.array(images, dtype=np.float32), np.array(labels, dtype=np.int64)


def held_out(images):
    """Every second image: what no model has seen."""
    return images[1::2]


def train(version, images, labels):
    """Version 1 is a logistic regression, version 2 a naive Bayes that is wrong more often. Both are deterministic."""
    models = {"1": LogisticRegression(max_iter=500), "2": GaussianNB(var_smoothing=1e-2)}
    return models[version].fit(images[0::2], labels[0::2])
