"""What the headlines of each product will be, always beside the plain baseline that a model has to beat."""
