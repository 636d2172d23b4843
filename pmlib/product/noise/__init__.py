"""What chance alone does: scores that move though nothing changed, experiments that find what is not there."""
