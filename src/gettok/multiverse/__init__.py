"""One study under many settings: how far the specifications agree, and which findings do not depend on them."""
