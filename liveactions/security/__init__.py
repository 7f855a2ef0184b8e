"""Signing and encrypting what browsers send back, and checking where requests come from."""
