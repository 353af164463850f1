"""What tradepit costs, in ratios of things measured side by side. See docs/performance.md."""
