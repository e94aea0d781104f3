"""The drawn demo project: a small labelled experiment that needs no download."""
