"""What to build next: priorities with their chances, Kano classes, and what customers ask for."""
