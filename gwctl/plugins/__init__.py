"""The bundled plugins: one package each with its schema and, where it runs, its handler."""
