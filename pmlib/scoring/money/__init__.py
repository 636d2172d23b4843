"""The money of single projects: present value, rates of return, stages, delay."""
