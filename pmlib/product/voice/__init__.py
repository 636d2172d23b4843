"""What customers tell: scores by segment, weighted for who answers, watched for change, and what goes with them."""
