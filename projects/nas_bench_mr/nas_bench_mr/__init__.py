"""Tables and figures of NCP on NAS-Bench-MR and NAS-Bench-201."""
