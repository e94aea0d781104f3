"""DeepLabCut's PyTorch engine, trained so that it can be ended anywhere and go on."""
