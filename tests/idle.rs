//! Placeholder of a suite.
