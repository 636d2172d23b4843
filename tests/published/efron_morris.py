"""Batting averages of 18 players after 45 times at bat in 1970, and their shrinkage factor.

Efron & Morris (1975), Data analysis using Stein's estimator and its generalizations, JASA 70(350); (1977), Stein's
paradox in statistics, Scientific American 236(5), where 1 - (k - 3) sigma^2 / sum of squares is .212.
"""

AVERAGES = (.400, .378, .356, .333, .311, .311, .289, .267, .244, .244, .222, .222, .222, .222, .222, .200, .178, .156)
AT_BATS = 45
#: Weight on a player's own average by the James-Stein rule.
OWN_WEIGHT = 0.212
