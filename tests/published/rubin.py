"""Effects of coaching in eight schools with their standard errors.

Rubin (1981), Estimation in parallel randomized experiments, Journal of Educational Statistics 6(4); Gelman et al.
(2013), Bayesian Data Analysis, section 5.5: the pooled effect is 7.7 with standard error 4.1, and the likelihood of
the spread between schools is largest at 0.
"""

EFFECTS = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
ERRORS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)
POOLED = 7.7
