"""What removes the bytes of what people asked to be erased: from the store, versions, DVC's places and experiments."""
