"""The command `gettok`: what a person does beside `dvc`."""
