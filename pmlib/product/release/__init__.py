"""The release plan: what each team builds when, how sure that is, the roadmap and what a launch still needs."""
