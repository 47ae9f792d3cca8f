"""The commands, one file each; they know every room, and no room knows them."""
