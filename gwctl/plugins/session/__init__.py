"""session: keeps who was authenticated in a cookie."""
