"""What a stack must never be: the rules, and the Pulumi policy pack that adapts them."""
