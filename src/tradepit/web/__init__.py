"""What people see: pages in a browser, and the reference in forms that tools read."""
