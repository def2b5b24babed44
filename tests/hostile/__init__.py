"""What strangers and members may send to stop the server, with other members beside them."""
