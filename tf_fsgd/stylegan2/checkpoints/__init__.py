"""Readers that turn foreign files into the teacher's weights."""
