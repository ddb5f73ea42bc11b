//! What one run of one arm was measured to be: plain data, loading and saving.
