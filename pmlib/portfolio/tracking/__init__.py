"""Following the portfolio: earned value and schedule, colours against figures, benefits, what became of the closed."""
