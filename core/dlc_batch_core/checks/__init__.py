"""What a check looks for, a theme a module. Each function finds problems and raises none."""
