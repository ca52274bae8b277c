"""What the plugin costs, measured against the figures it promises. Nothing here fails over a clock."""
