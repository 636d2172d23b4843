"""Second opinions, ranking only: none of their numbers adds up over projects."""
