//! The use cases, one module per noun, behind one gate.
