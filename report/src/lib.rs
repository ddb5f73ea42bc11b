//! Renders recordings and comparisons: text, HTML, SVG, PNG, JSON.
