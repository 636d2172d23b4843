"""How sure a ranking is: dominance, the smallest change, all weights and scores that are possible."""
