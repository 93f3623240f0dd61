"""The crash matrix: killed at every boundary, figsync loses nothing and goes on."""
