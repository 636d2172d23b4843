"""What experiments found: one read-out, and the programme of all of them."""
