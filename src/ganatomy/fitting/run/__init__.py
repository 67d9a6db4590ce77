"""One run: trained, measured, drawn and kept in a folder that can be resumed."""
