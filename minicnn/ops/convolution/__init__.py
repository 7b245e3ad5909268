"""The ways to compute a convolution: peers with the same three functions, and the table that chooses among them."""
