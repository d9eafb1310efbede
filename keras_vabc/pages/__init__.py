"""What people read: HTML pages, Markdown, and lines on a console."""
