"""The command line: parse, call one function, render.

Nothing here decides anything. Heavy packages are imported inside the command that needs them, so that ``gwctl --help``
stays quick.
"""
