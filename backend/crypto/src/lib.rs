//! Password hashes, token formats, sealing of stored secrets, registry tokens and their keys.
