"""R&D projects and their efficiency: Thore & Rich, chapter 2 of Thore (ed.) 2002.

Technology Commercialization: DEA and Related Analytical Methods for Evaluating the Use and Implementation of
Technological Innovation, Kluwer. Data envelopment, input-oriented at variable returns to scale, four decimals. All
columns count as given: the first is the input, the others are outputs, competitive intensity among them (the more the
better). The drilling data agree with Anderson, Data Envelopment Analysis Using R, chapter 9.
"""

from __future__ import annotations

import pandas as pd

#: Directional drilling at Baker Hughes (p. 63): cost, market size and demand in million dollars, the rest on 1-10.
DRILLING = pd.DataFrame(
    [
        ["A", 1.07, 32.0, 8.2, 7.5, 8.0, 1.0],
        ["B", 1.06, 50.0, 7.6, 7.2, 6.4, 0.6544],
        ["C", 0.325, 40.0, 7.6, 7.1, 5.3, 1.0],
        ["D", 1.6, 30.0, 7.1, 7.2, 5.5, 0.3195],
        ["E", 0.55, 25.0, 7.0, 7.0, 5.1, 0.5636],
        ["F", 0.2, 8.0, 6.0, 6.1, 6.9, 1.0],
        ["G", 0.35, 2.0, 5.9, 6.2, 6.6, 0.596],
        ["H", 0.53, 12.0, 5.8, 5.8, 5.4, 0.2488],
        ["I", 0.21, 10.0, 5.8, 5.8, 4.7, 0.619],
        ["J", 0.16, 0.8, 5.4, 5.6, 6.1, 0.625],
        ["K", 0.07, 3.0, 5.3, 5.4, 6.5, 1.0],
        ["L", 1.95, 300.0, 6.8, 6.1, 6.4, 1.0],
        ["M", 5.59, 60.0, 6.2, 6.9, 6.8, 0.1363],
        ["N", 3.1, 240.0, 6.2, 6.6, 7.1, 1.0],
    ],
    columns=["project", "cost", "market size", "compatibility", "demand", "competition", "efficiency"],
).set_index("project")

#: Aeronautics at NASA: one input, three outputs.
AERONAUTICS = pd.DataFrame(
    [
        ["A1", 15.5, 1.8, 7, 18, 0.4775],
        ["A2", 23, 2.7, 7, 45, 0.3927],
        ["A3", 39.5, 2.7, 7, 7.2, 0.2286],
        ["A4", 80, 9, 7, 108, 0.2555],
        ["A5", 14.5, 1.35, 7, 6.3, 0.4542],
        ["A6", 13.5, 2.25, 7, 40.5, 0.6086],
        ["B1", 30, 9.6, 8, 240, 0.7176],
        ["B2", 220, 16, 10, 160, 1],
        ["B3", 180, 6.8, 10, 64, 0.5033],
        ["B4", 980, 25.2, 9, 560, 1],
        ["C1", 1050, 20.7, 6, 1170, 1],
        ["C2", 15, 4.5, 6, 18, 0.8194],
        ["C3", 40, 19.8, 6, 544.5, 1],
        ["D1", 5.5, 0.75, 10, 1, 1],
        ["E1", 110, 0, 8, 0, 0.05],
        ["E2", 350, 0, 8, 0, 0.01571],
        ["E3", 350, 0, 8, 0, 0.01571],
        ["E4", 110, 0, 8, 0, 0.05],
    ],
    columns=["project", "x1", "y1", "y2", "y3", "efficiency"],
).set_index("project")
