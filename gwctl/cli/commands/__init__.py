"""One file per group of commands; ``COMMANDS`` lists the functions in the order help shows them."""
