"""acl: lets consumers pass by their groups."""
