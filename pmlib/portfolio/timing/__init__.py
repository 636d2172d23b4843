"""When and with whom: dates under capacity, load by skill, the value of a hire, how many at a time."""
