"""What a launch, a release or a price did: two groups before and after, an interrupted series, elasticity."""
