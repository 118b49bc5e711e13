"""One study under many settings: how far the specifications agree, and which findings hold under all of them."""
