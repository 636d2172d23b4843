"""Kohavi, Tang & Xu (2020), Trustworthy Online Controlled Experiments, ch. 21: a sample-ratio mismatch.

821,588 users in control and 815,482 in treatment, planned half and half: p = 1.8e-6.
"""

from __future__ import annotations

CONTROL, TREATMENT, P = 821_588, 815_482, 1.8e-6
