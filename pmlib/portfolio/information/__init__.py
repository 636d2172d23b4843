"""What it is worth to learn more about a project before deciding: perfect information, studies, the whole portfolio."""
