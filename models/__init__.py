"""What a Copydesk model is: stories, the encoder, topic and summary heads, and the folders they live in."""
